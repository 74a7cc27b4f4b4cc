"""What services and gateways really answered: client, webhooks, mock server and `make live` are held to each row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract_tests.reading.live_answers import CERTAINTIES, NOTIFICATION, TABLE, Answer, TableError, answers, load
from contract_tests.reading.paths import DELETION, ELEMENTS
from contract_tests.support.mock_caller import Caller
from contract_tests.support.scripted import ABSENT, NAMED, Client, Scripted, both, made, task
from contract_tests.support.tables import each
from kling_elements import KlingElements, Outcome, webhooks
from kling_elements.errors import LookUpUnavailableError, NoTaskError, TaskError, TaskFailedError
from kling_elements.mock import create_app
from kling_elements.mock.reply import Reply
from kling_elements.tasks import Progress, elements_named_by, external_id_of, progress_of
from kling_elements_client import contract
from kling_elements_client.api.elements import (
    create_element,
    delete_element,
    get_element,
    list_elements,
    list_preset_elements,
)
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import (
    AuthenticationError,
    BusinessError,
    InvalidResponse,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    StatusError,
)
from kling_elements_client.models import DeleteElementRequest, Task
from scripts.spec import ROOT
from scripts.spec import load as load_spec
from tools.live.reading import read
from tools.live.redaction import Redactor
from tools.live.report import Report
from tools.live.session import Seen

_SOURCES = (ROOT / "openapi" / "sources.md").read_text("utf-8")
_RAW: Mapping[str, Callable[..., Any]] = {
    "createElement": lambda client, asked: create_element.sync(client=client, body=_subject(asked)),
    "getElement": lambda client, asked: get_element.sync(client=client, id=asked or "e-1"),
    "listElements": lambda client, _: list_elements.sync(client=client),
    "listPresetElements": lambda client, _: list_preset_elements.sync(client=client),
    "deleteElement": lambda client, asked: delete_element.sync(
        client=client, body=DeleteElementRequest(element_id=asked)
    ),
}
_KINDS: Mapping[int, type[ResponseError]] = {
    200: BusinessError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    429: RateLimitError,
    500: ServerError,
    503: ServerError,
    504: ServerError,
}
_FINE = {"task", "no task", "list", "deleted"}  # what a successful answer means


def _rows(*calls: str, means: Iterable[str] = ()) -> pytest.MarkDecorator:
    """Mark a test that has to hold for the rows of some calls, and of some meanings."""
    found = [row for row in answers() if row.call in calls and (not means or row.means in means)]
    assert found
    return each(found)


def _subject(external_id: str) -> dict[str, Any]:
    return {**NAMED, "external_task_id": external_id or "e-1"}


def _asked(row: Answer) -> str:
    return row.asked or row.reads.external_id or ""


def _given(row: Answer) -> Callable[[httpx.Request], httpx.Response]:
    """Return a step of a script: the row's answer."""
    return lambda _: row.response()


def _found(task_id: str, external_id: str) -> Any:
    return task(task_id, task_info={"external_task_id": external_id})


# --- the table itself ---


def test_each_answer_has_a_source_that_is_told_of() -> None:
    """Sources are named in openapi/sources.md, and none is named there that nothing comes from."""
    named = set(re.findall(r"^\| ([a-z0-9-]+) \|", _SOURCES.partition("## Facts")[0], re.MULTILINE)) - {"name"}
    facts = set(re.findall(r"[a-z0-9-]+", _SOURCES.partition("## Facts")[2]))
    used = {sighting.source for row in answers() for sighting in row.seen}

    assert 20 < len(named)
    assert set() == used - named
    assert {"make-live"} == named - used - facts


def test_each_fact_of_the_sources_has_its_place_in_the_contract() -> None:
    """Extensions are those that the contract has, and places lead to something."""
    document = load_spec()
    text = (ROOT / "openapi" / "kling-elements.yaml").read_text("utf-8")
    places = re.findall(r"^\| `([^`]+)` \|", _SOURCES.partition("## Facts")[2], re.MULTILINE)

    assert 20 < len(places)
    for place in places:
        first, *rest = place.split("/")
        node: Any = document.get(first) if first in document else re.search(rf"\b{first}:", text)
        for name in rest:
            node = node[name]
        assert node, place
    extensions = {name for name in re.findall(r"\bx-[a-z-]+(?=:)", text) if name not in _OF_OUR_OWN}
    assert set() == extensions - set(re.findall(r"x-[a-z-]+", _SOURCES))


# Extensions that hold no fact about answers: the form of requests, which rules.yaml is about, and texts.
_OF_OUR_OWN = {"x-source", "x-expected", "x-hints", "x-excluded", "x-image", "x-video", "x-exact", "x-body-size"}
_OF_OUR_OWN |= {"x-enum-varnames"}


@pytest.mark.parametrize("keyword", ["x-absent", "x-duplicate", "x-deleted-already"])
def test_each_wording_of_the_contract_is_in_the_table(keyword: str) -> None:
    """A refusal that the contract knows was told by somebody, in that dialect and in these words."""
    for call in contract.operations():
        for refusal in contract.CONTRACT.refusals(call, keyword):
            backing = [row for row in answers() if row.call == call and row.dialect == refusal.dialect]
            worded = [row for row in backing if _is_worded(row, refusal)]

            assert worded, f"{call} {keyword} {refusal.dialect}"


def _is_worded(row: Answer, refusal: Any) -> bool:
    body = row.body()
    said = isinstance(body, dict) and body.get("code") == refusal.code
    if refusal.message is None:
        return said
    filled = re.sub(r"\{[a-z_]+\}", lambda _: row.asked, refusal.message)
    return said and filled == body.get("message")


def test_each_code_of_the_contract_is_in_the_table() -> None:
    """With the status of the contract, which is that of the vendor's page."""
    codes = {
        body["code"]: row.status
        for row in answers()
        if isinstance(body := row.body(), dict) and row.call == "createElement" and row.id.startswith("table-")
    }
    documented = {code: row.http_status for code, row in contract.business_codes().items() if code != 1201}

    assert documented == codes


def test_all_certainties_are_used() -> None:
    """A word that no row has would be one word too many."""
    assert set(CERTAINTIES) == {row.sure for row in answers()}


_ROW = "answers: {a: {call: getElement, status: 200, body: {}, means: task, sure: told by a trial, seen: [%s]}}"
_SEEN = "{source: x, when: 2026-09, where: y}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("answers: [", "rows.yaml: while parsing"),
        ("answers: []", "rows.yaml: it must have `answers`, a mapping of names to answers"),
        ("[]", "rows.yaml: it must have `answers`"),
        ("answers: {a: 7}", "rows.yaml: a: it must have call, means, seen, sure, and may have asked, body"),
        ("answers: {a: {call: getElement}}", "rows.yaml: a: it must have call, means, seen, sure"),
        (_ROW.replace("getElement", "get") % _SEEN, "a: call must be one of createElement, deleteElement, getElement"),
        (
            _ROW.replace("means: task", "means: list") % _SEEN,
            "a: means must be one of absent, no look-up, refused, task",
        ),
        (_ROW.replace("body: {}, ", "") % _SEEN, "a: it must have either body, a JSON value, or text"),
        (_ROW.replace("body: {}", "body: {}, text: ''") % _SEEN, "a: it must have either body, a JSON value, or text"),
        (_ROW.replace("status: 200", "status: x") % _SEEN, "a: it must have a status, an integer, unless"),
        (_ROW.replace("getElement", "notification") % _SEEN, "a: it must have a status, an integer, unless"),
        (_ROW.replace("told by a trial", "sure") % _SEEN, "a: sure must be one of code of a gateway"),
        (_ROW % "", "a: each of seen must have source, when, where, when as 2026"),
        (_ROW % "{source: x, when: September, where: y}", "a: each of seen must have source, when, where"),
        (_ROW.replace("body: {}", "body: {}, provoked-by: y") % _SEEN, "a: provoked-by needs a dialect"),
        (_ROW.replace("body: {}", "body: {}, reads: {id: 7}") % _SEEN, "a: reads may have code, elements"),
    ],
)
def test_a_row_that_is_none_is_told(text: str, says: str, tmp_path: Path) -> None:
    """With its name, what is wrong, and what may be there."""
    path = tmp_path / "rows.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(TableError) as caught:
        load(path)

    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(TableError, match=r"rows\.yaml: .*No such file"):
        load(tmp_path / "rows.yaml")


def test_a_row_says_what_it_holds() -> None:
    """Body, type and what a reader finds in it."""
    (row,) = (row for row in load(TABLE) if row.id == "deleted-already")

    assert {"code": 1201, "message": "Element already be deleted for id: 321922438904313"} == row.body()
    assert "application/json" == row.response().headers["content-type"]
    assert ("deleteElement", 400, "live", "a second deletion") == (row.call, row.status, row.dialect, row.provoked_by)
    assert ("kling-api", "2026-09-20") == (row.seen[0].source, row.seen[0].when)


# --- the client ---

_CALLS = list(_RAW)


@_rows(*_CALLS)
def test_a_single_operation_makes_a_model_or_an_exception_of_it(row: Answer) -> None:
    """Success is a model; a failure is the exception for its status, or says that there is no such thing."""
    scripted = Scripted(KlingElements, _given(row))

    def call() -> Any:
        return _RAW[row.call](scripted.kling.client, _asked(row))

    if row.means in _FINE or (row.status == 200 and (row.body() or {}).get("code") == "success"):
        assert isinstance(call().to_dict(), dict)
        return
    with pytest.raises(ResponseError) as caught:
        call()
    error = caught.value
    if row.means in ("absent", "no list"):
        expected: type[ResponseError] = NotFoundError if row.means == "absent" else InvalidResponse
    else:
        expected = _KINDS.get(row.status, StatusError)
    assert expected is type(error)
    assert row.status == error.status_code
    code, message = _said(row)
    assert (code, message) == (error.code, error.message)


def _said(row: Answer) -> tuple[int | str | None, str | None]:
    """Return the code and message of a failure, as the row has them."""
    body = row.body() or {}
    inner = error if isinstance(error := body.get("error"), dict) else body
    code = row.reads.code if row.reads.code is not None else inner.get("code")
    message = row.reads.message if row.reads.message is not None else inner.get("message")
    return None if code == "" else code, message or None


@both
@_rows("createElement", means=["task"])
def test_a_create_that_names_its_task_is_a_task(client: Client, row: Answer) -> None:
    """With the ids, and with as much of its progress as the answer tells."""
    created = Scripted(client, _given(row)).create(_subject(_asked(row)))

    assert row.reads.task == str(created.task_id)
    assert (row.reads.external_id or "e-1") == external_id_of(created)
    if row.reads.progress is not None:
        assert Progress[row.reads.progress.upper()] is progress_of(created, CONTRACT)


@both
@_rows("createElement", means=["refused"])
def test_a_refusal_created_nothing_and_is_final(client: Client, row: Answer) -> None:
    """It is told at once, by both ways to create."""
    for name, script in (("create", [_given(row)]), ("create_or_adopt", [ABSENT, _given(row)])):
        scripted = Scripted(client, *script)

        assert Outcome.NOT_CREATED == scripted.failing(name, NAMED).outcome
        assert scripted.gateway.finished()
        assert [] == scripted.clock.slept


@both
@_rows("createElement", means=["wait"])
def test_a_limit_is_waited_for(client: Client, row: Answer) -> None:
    """Nothing was created, so the request is sent again."""
    scripted = Scripted(client, _given(row), _given(row), _found("7", "e-1"))

    assert "7" == scripted.create(NAMED).task_id
    assert "create create create" == scripted.gateway.calls()
    assert 2 == len(scripted.clock.slept)


@both
@_rows("createElement", means=["no task", "in doubt", "duplicate"])
def test_a_create_that_may_have_made_a_task_is_looked_up_and_never_sent_again(client: Client, row: Answer) -> None:
    """By itself it is `may_exist`: its task, or that of an earlier request, is there, or was."""
    asked = _subject(_asked(row))
    error = Scripted(client, _given(row)).failing("create", asked)
    assert Outcome.MAY_EXIST == error.outcome
    assert (row.means == "no task") == isinstance(error, NoTaskError)

    adopting = Scripted(client, ABSENT, _given(row), _found("7", asked["external_task_id"]))
    assert "7" == adopting.create_or_adopt(asked).task_id
    assert "look create look" == adopting.gateway.calls()


@both
@_rows("getElement", means=["absent"])
def test_what_is_absent_is_not_found_and_can_be_created(client: Client, row: Answer) -> None:
    """`get` says so, and `create_or_adopt` creates."""
    assert NotFoundError is type(Scripted(client, _given(row)).failing("get", row.asked))

    adopting = Scripted(client, _given(row), _found("7", row.asked))
    assert "7" == adopting.create_or_adopt(_subject(row.asked)).task_id
    assert "look create" == adopting.gateway.calls()


@both
@_rows("getElement", means=["absent"])
def test_a_first_absence_is_borne_while_waiting(client: Client, row: Answer) -> None:
    """What was created a moment ago need not be found at once; the same for a task and its id."""
    for waited in (Task(task_id=row.asked), row.asked):
        scripted = Scripted(client, _given(row), made(row.asked))

        assert 9 == scripted.wait(waited).element_id


@both
@_rows("getElement", means=["task"])
def test_a_task_that_is_found_is_read(client: Client, row: Answer) -> None:
    """Whatever the shape: ids, progress and subjects."""
    found = Scripted(client, _given(row)).get(row.asked)

    assert row.reads.task == str(found.task_id)
    assert row.reads.external_id == external_id_of(found)
    if row.reads.elements is not None:
        assert list(row.reads.elements) == [str(element.element_id) for element in elements_named_by(found)]
    assert Progress[str(row.reads.progress).upper()] is progress_of(found, CONTRACT)


@both
@_rows("getElement", means=["task"])
def test_a_task_is_waited_for_as_far_as_it_is(client: Client, row: Answer) -> None:
    """A subject is handed out if it can be used, and never otherwise; what is under way is asked for again."""
    usable = [] if row.reads.elements is None else list(row.reads.elements)
    if usable:
        assert usable[0] == str(Scripted(client, _given(row)).wait(row.asked).element_id)
    elif row.reads.unusable:
        error = Scripted(client, _given(row)).failing("wait", row.asked)
        assert isinstance(error, TaskError)
        assert row.reads.task == str(error.task.task_id)
    elif row.reads.progress == "failed":
        assert TaskFailedError is type(Scripted(client, _given(row)).failing("wait", row.asked))
    else:
        scripted = Scripted(client, *[_given(row)] * 8, made(row.asked))
        assert 9 == scripted.wait(row.asked).element_id


@both
@_rows("getElement", means=["no look-up"])
def test_a_gateway_without_look_ups_is_told_at_once(client: Client, row: Answer) -> None:
    """`create_or_adopt` cannot work there, and says so before it creates."""
    scripted = Scripted(client, _given(row))

    assert LookUpUnavailableError is type(scripted.failing("create_or_adopt", _subject(row.asked)))
    assert scripted.gateway.finished()
    assert NotFoundError is not type(Scripted(client, _given(row)).failing("get", row.asked))


@both
@_rows("listElements", "listPresetElements", means=["list"])
def test_a_list_is_read(client: Client, row: Answer) -> None:
    """Wherever the gateway puts it."""
    empty = httpx.Response(200, json={"data": []})
    scripted = Scripted(client, _given(row), *[lambda _: empty] * len(row.reads.tasks or ()))

    found = scripted.first(None, "presets" if row.call == "listPresetElements" else "list")

    assert list(row.reads.tasks or ()) == [str(each.task_id) for each in found]


@both
@_rows("listElements", means=["no list", "refused"])
def test_a_list_that_is_none_is_an_error(client: Client, row: Answer) -> None:
    """And never an empty one."""
    with pytest.raises(ResponseError) as caught:
        Scripted(client, _given(row)).first(None, "list")

    assert (InvalidResponse if row.means == "no list" else StatusError) in type(caught.value).__mro__


@both
@_rows("deleteElement", means=["deleted", "deleted already"])
def test_a_deletion_is_done_also_if_it_was_before(client: Client, row: Answer) -> None:
    """A second one is no error: the subject is deleted, as was asked for."""
    scripted = Scripted(client, _given(row))

    scripted.delete(row.asked)

    assert scripted.gateway.finished()


@both
@_rows("deleteElement", means=["absent"])
def test_a_deletion_of_what_is_not_there_says_so(client: Client, row: Answer) -> None:
    """In whichever dialect."""
    assert NotFoundError is type(Scripted(client, _given(row)).failing("delete", row.asked))


# --- notifications ---


@_rows(NOTIFICATION)
def test_a_notification_is_read(row: Answer) -> None:
    """In either shape, enveloped or not, and verified where it is signed."""
    options: dict[str, Any] = {"verify": False}
    if row.secret:
        sent = datetime.fromtimestamp(int(row.headers["webhook-timestamp"]), UTC)
        options = {"secrets": row.secret, "now": sent}

    found = webhooks.parse(row.content, row.headers, **options)

    assert row.reads.task == str(found.task_id)
    assert row.reads.external_id == external_id_of(found)
    assert list(row.reads.elements or ()) == [str(element.element_id) for element in elements_named_by(found)]
    if row.reads.progress is not None:
        assert Progress[row.reads.progress.upper()] is progress_of(found, CONTRACT)


# --- the mock server ---


def _used_twice(mock: Caller) -> tuple[str, Reply]:
    mock.create(NAMED)
    return "e-1", mock.post(NAMED)


def _deleted(mock: Caller, times: int = 1) -> tuple[str, Reply]:
    mock.create(NAMED)
    element_id = mock.element("e-1")["element_id"]
    return str(element_id), [mock.send("POST", DELETION, {"element_id": element_id}) for _ in range(times)][-1]


def _looked_up(mock: Caller) -> tuple[str, Reply]:
    return "e-1", mock.send("GET", f"{ELEMENTS}/e-1")


def _looked_up_after_deletion(mock: Caller) -> tuple[str, Reply]:
    _deleted(mock)
    return _looked_up(mock)


_PROVOKED: Mapping[str, Callable[[Caller], tuple[str, Reply]]] = {
    "a look-up of an id that is not there": _looked_up,
    "an external id that is used twice": _used_twice,
    "a first deletion": _deleted,
    "a second deletion": partial(_deleted, times=2),
    "a look-up of a subject that was deleted": _looked_up_after_deletion,
}
_OF_DIALECTS = [row for row in answers() if row.dialect]


@each(_OF_DIALECTS)
def test_the_mock_server_answers_so_in_that_dialect(row: Answer) -> None:
    """The same status and code, the same words where the service's own are known, and `data` only where it has any."""
    with closing(create_app(dialect=row.dialect, tick_seconds=0)) as app:
        asked, reply = _PROVOKED[row.provoked_by](Caller(app))
    recorded, given = row.body(), json.loads(reply.body)

    assert row.status == reply.status
    assert recorded["code"] == given["code"]
    assert ("data" in recorded) == ("data" in given)
    if row.dialect == "live" and row.status != 200:
        assert recorded["message"].replace(row.asked, asked) == given["message"]
    if row.reads.unusable:
        assert "deleted" == given["data"]["task_result"]["elements"][0]["status"]
    assert row.means == read(row.call, httpx.Response(reply.status, content=reply.body), asked).means


def test_each_way_to_provoke_an_answer_is_used() -> None:
    """And each row of a dialect says how it is provoked."""
    assert set(_PROVOKED) == {row.provoked_by for row in _OF_DIALECTS}


# --- `make live` ---


@_rows(*_CALLS)
def test_make_live_knows_it(row: Answer) -> None:
    """An answer that is in the table is no news where it may come, and what it writes for it can become this row."""
    asked = _asked(row)
    situation = {"listElements": "list", "listPresetElements": "presets"}.get(row.call, "creation")
    seen = Seen(situation, row.call, (asked,) if asked else (), row.response())

    report = Report([seen], Redactor(str, "gateway.example.com"), "2026-11-28")

    assert [] == report.news
    assert (row.call, row.means) == (report.entries[0].row["call"], report.entries[0].row["means"])
