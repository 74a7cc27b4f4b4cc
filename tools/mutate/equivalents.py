"""Mutants that say the same as the contract, so that no request or answer can tell them from it, each with a reason.

Whoever adds one is asked for a reason that a reader can check. One that a witness notices, or that is no mutant any
more, fails the proof.
"""

from __future__ import annotations

from scripts.spec import load

_SCHEMAS = "#/components/schemas"
_URL: str = load()["components"]["schemas"]["HttpUrl"]["pattern"]
_OTHER_BRANCH = "The branch beside it in the same `anyOf` takes that type."
_BESIDE_NULL = "It stands only in an `anyOf` whose other branch is null."
_ONE_AT_SIGN = "`format: uri` beside it lets no second @ into the authority."

EQUIVALENTS: dict[str, str] = {
    "#/paths/~1kling~1v1~1general~1advanced-custom-elements~1{id}/get/parameters/0/schema/pattern: "
    r"'[^.]|\\.{3}' -> '[^.]|\\.{3,}'": "The pattern has no anchors, and any longer row of full stops has three in it.",
    f"{_SCHEMAS}/ImageBase64/maxLength: 13981016 -> 13981017": (
        "The pattern beside it lets only lengths through that are a multiple of four, and the next one is 13981020."
    ),
    f"{_SCHEMAS}/ElementVideoList/properties/refer_videos/items: uniqueItems added": (
        "`maxItems: 1` beside it lets no second item in that could be the same; both are of one rule at one place."
    ),
    **{
        f"{_SCHEMAS}/HttpUrl/pattern: {_URL!r} -> {_URL.replace(part, other, 1)!r}": reason
        for part, other, reason in (
            ("@)?", "@)*", _ONE_AT_SIGN),
            (r"(?:[^\s/?#@]*@)", r"(?:[^\s/?#]*@)", _ONE_AT_SIGN),
            (r"(?:[^\s/?#@]*@)", "(?:[^/?#@]*@)", "`format: uri` beside it lets no white space into any URL."),
            ("]+\\]", "]*\\]", "`format: uri` beside it lets only an address into brackets."),
            (")?)?(?:[/?#]", ")?)*(?:[/?#]", "`format: uri` beside it lets no second colon follow a host."),
            (r"\S*)?$", r"\S*)*$", "What begins another round may be in the first round, too."),
        )
    },
    **{
        f"{_SCHEMAS}/CreateElementResponse/x-envelope/task-ids-of-other-codes: also {place}": (
            "`task-ids` beside it has the same place, and counts whatever the code."
        )
        for place in ("/task_id", "/id", "/data/task_id", "/data/id")
    },
    **{
        f"{_SCHEMAS}/{place}/anyOf/{branch}/type: also {kind}": _OTHER_BRANCH
        for texts, integers, places in (
            (0, 1, ("CreateElementResponse/properties/id", "CreateElementResponse/properties/task_id")),
            (0, 1, ("Task/properties/task_id", "ElementVoice/properties/voice_id", "NamedTag/properties/id")),
            (1, 0, ("Task/properties/created_at", "Task/properties/updated_at")),
            (1, 0, ("TaskResult/properties/element_id", "Element/properties/element_id")),
        )
        for place in places
        for branch, kind in ((texts, "integer"), (integers, "string"), (integers, "null"))
    },
    **{
        f"{_SCHEMAS}/{place}/type: also null": _BESIDE_NULL
        for place in (
            "TaskListResponse/properties/data/anyOf/0",
            "TaskResult",
            "TaskResult/properties/elements/anyOf/0",
            "BalanceDeduction",
            "Element/properties/tag_list/anyOf/0",
            "ElementVoice",
            "TaskInfo",
            "ErrorDetail",
        )
    },
}
