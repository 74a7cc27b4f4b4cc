"""Mutants that are equivalent to the contract, with reasons. No request or response can show the difference.

If you add one, give a reason that a reader can check. The proof fails if a witness notices an equivalent, or if it is
not a mutant any more.
"""

from __future__ import annotations

from scripts.spec import load

_SCHEMAS = "#/components/schemas"
_URL: str = load()["components"]["schemas"]["HttpUrl"]["pattern"]
_OTHER_BRANCH = "Another branch of the same `anyOf` accepts that type."
_BESIDE_NULL = "It is used only in an `anyOf` whose other branch is null."
_ONE_AT_SIGN = "`format: uri` beside it forbids a second @ in the authority."

EQUIVALENTS: dict[str, str] = {
    "#/paths/~1kling~1v1~1general~1advanced-custom-elements~1{id}/get/parameters/0/schema/pattern: "
    r"'[^.]|\\.{3}' -> '[^.]|\\.{3,}'": "The pattern has no anchors, and any longer row of full stops contains three.",
    f"{_SCHEMAS}/ImageBase64/maxLength: 13981016 -> 13981017": (
        "The pattern beside it accepts only lengths that are a multiple of four, and the next one is 13981020."
    ),
    f"{_SCHEMAS}/ElementVideoList/properties/refer_videos/items: uniqueItems added": (
        "`maxItems: 1` beside it forbids a second item, and both violations have the same rule and place."
    ),
    **{
        f"{_SCHEMAS}/HttpUrl/pattern: {_URL!r} -> {_URL.replace(part, other, 1)!r}": reason
        for part, other, reason in (
            ("@)?", "@)*", _ONE_AT_SIGN),
            (r"(?:[^\s/?#@]*@)", r"(?:[^\s/?#]*@)", _ONE_AT_SIGN),
            (r"(?:[^\s/?#@]*@)", "(?:[^/?#@]*@)", "`format: uri` beside it forbids white space in URLs."),
            ("]+\\]", "]*\\]", "`format: uri` beside it accepts only an address in brackets."),
            (")?)?(?:[/?#]", ")?)*(?:[/?#]", "`format: uri` beside it forbids a second colon after a host."),
            (r"\S*)?$", r"\S*)*$", "The first repetition already accepts the text of any further one."),
        )
    },
    **{
        f"{_SCHEMAS}/CreateElementResponse/x-envelope/task-ids-of-other-codes: also {place}": (
            "`task-ids` beside it has the same place, and is read whatever the code is."
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
