"""Errors can be pickled and copied without loss, because process pools and error trackers do both."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import httpx
import pytest

from contract_tests.reading.image_body import BODY
from kling_elements import KlingElements, Outcome
from kling_elements.errors import (
    CreateAllError,
    ElementUnavailableError,
    ExternalIdUsedError,
    LookUpUnavailableError,
    NoTaskError,
    TaskFailedError,
    UnknownStatusError,
    WaitAllError,
    WaitTimeoutError,
    redact,
)
from kling_elements_client.errors import (
    KlingError,
    MediaError,
    NotFoundError,
    ResponseSummary,
    TransportError,
    Violation,
)
from kling_elements_client.models import Element, Task, TaskInfo

_TASK = Task(task_id="7", task_info=TaskInfo(external_task_id="e-1"))


def _errors() -> list[KlingError]:
    response = ResponseSummary(404, httpx.Headers({"a": "b"}), 1203, "no", "r", "x")
    late = WaitTimeoutError("late", _TASK)
    late.outcome = Outcome.MAY_EXIST
    late.add_note("a note")
    missing = NotFoundError("missing", response)
    missing.outcome, missing.external_task_id = Outcome.NOT_CREATED, "e-1"
    lost = TransportError("lost", may_have_been_sent=True)
    lost.outcome, lost.external_task_id = Outcome.MAY_EXIST, "e-2"
    several = WaitAllError([Element(element_id=9), late, missing])
    many = CreateAllError([_TASK, missing, lost])
    used = ExternalIdUsedError("used", response)
    paged = KlingError("page 2")
    paged.page = 2
    of_tasks = [
        TaskFailedError("failed", _TASK),
        UnknownStatusError("new", Task()),
        ElementUnavailableError("deleted", _TASK),
    ]
    others = [LookUpUnavailableError("no look-up"), NoTaskError("no task"), KlingError("any")]
    return [late, missing, lost, several, many, used, paged, *of_tasks, *others]


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
def test_errors_can_be_pickled_and_copied_without_loss(error: KlingError) -> None:
    """Process pools and error trackers rely on this."""
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]

    for made_anew in copies:
        assert type(error) is type(made_anew)
        assert str(error) == str(made_anew)
        assert _contents(error) == _contents(made_anew)


def _contents(error: KlingError) -> dict[str, Any]:
    results = [_contents(r) if isinstance(r, KlingError) else r for r in getattr(error, "results", [])]
    attributes = ("outcome", "external_task_id", "page", "task", "response", "may_have_been_sent", "__notes__")
    return {"results": results, "args": error.args[:1]} | {name: getattr(error, name, None) for name in attributes}


_TOKEN = "sk-secret-1234567890"


def _assert_hides_the_token(error: MediaError) -> None:
    copied = pickle.loads(pickle.dumps(error))
    for shown in (error, copied):
        assert "***" in str(shown)
        assert _TOKEN not in f"{shown!r} {shown.args} {vars(shown)}"


def test_an_error_about_a_file_at_a_url_does_not_show_the_token() -> None:
    """A token in the path is hidden, and the query is never shown."""
    images = {
        "frontal_image": f"http://127.0.0.1:1/{_TOKEN}/a.jpg",
        "refer_images": [{"image_url": "http://127.0.0.1"}],
    }
    with (
        KlingElements(_TOKEN, "http://127.0.0.1:1", allow_private=True) as kling,
        pytest.raises(MediaError, match="cannot be connected to") as caught,
    ):
        kling.create({**BODY, "element_image_list": images}, preflight="remote")

    assert "http://127.0.0.1:1/***/a.jpg" == caught.value.source
    _assert_hides_the_token(caught.value)


def test_no_part_of_a_media_error_shows_the_token() -> None:
    """Source, reason, violations and pickles are free of the token."""
    message = f"{_TOKEN} is not an image"
    error = MediaError(f"/{_TOKEN}.jpg", message, [Violation(f"/{_TOKEN}", "R14", message)])

    redact(error, lambda text: text.replace(_TOKEN, "***"))

    assert [Violation("/***", "R14", "*** is not an image")] == error.violations
    assert ("/***.jpg", "*** is not an image") == (error.source, error.reason)
    _assert_hides_the_token(error)
