"""The control API of the mock server: its paths, callers and responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.support.mock_caller import Caller, shared_caller
from kling_elements.mock import create_app

NO_STEPS: list[Any] = [{}, [], 1, {"seconds": "1"}, {"seconds": True}, {"seconds": 1, "more": 1}, {"second": 1}]
NOT_ALLOWED = (
    "/_mock/ is only for callers on the server's own machine, without a proxy, and not for web pages of other sites; "
    "to allow another host, start the server with --control HOST"
)
NO_HEADERS = {"authorization": None, "content-type": None}
PATHS = ["/_mock/faults", "/_mock/elements", "/_mock/clock", "/_mock/callbacks", "/_mock/used-ids"]


@pytest.fixture
def foreign_caller() -> Iterator[Caller]:
    """Yield a caller whose token is not the server's, because the control API needs none."""
    app = create_app("sk-of-the-server", manual_clock=True)
    yield Caller(app)
    app.close()


def reply(caller: Caller, client_host: str | None, path: str = "/_mock/clock") -> tuple[int, Any]:
    """Return the status and the JSON value of the response to a peer's GET."""
    answered = caller.send("GET", path, headers=NO_HEADERS, client_host=client_host)
    return answered.status, json.loads(answered.body)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("path", PATHS)
def test_callers_on_the_same_machine_need_no_token(path: str, host: str, foreign_caller: Caller) -> None:
    """Every loopback address counts as this machine."""
    assert 200 == reply(foreign_caller, host, path)[0]


@pytest.mark.parametrize("host", ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "0.0.0.0", "::", "localhost", "", None])
@pytest.mark.parametrize("path", [*PATHS, "/_mock/", "/_mock/x"])
def test_other_callers_are_403(path: str, host: str | None, foreign_caller: Caller) -> None:
    """Other callers can't probe for paths. A peer without an address counts as another machine."""
    status, response = reply(foreign_caller, host, path)

    assert (403, 1103) == (status, response["code"])
    assert NOT_ALLOWED == response["message"]
    assert 32 == len(response["request_id"])


@pytest.mark.parametrize(
    ("expected", "name", "value"),
    [
        *((200, "host", host) for host in ("127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787")),
        *((403, "host", host) for host in ("evil.example:8787", "evil.localhost", "10.0.0.1", "mock", "[", "a ")),
        *((403, "host", host) for host in ("localhost.evil.example", "localhost:x")),
        *((200, "origin", origin) for origin in ("http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173")),
        *((403, "origin", origin) for origin in ("https://evil.example", "http://evil.localhost", "null", "")),
        *((200, "referer", url) for url in ("http://localhost:3000/a?b=c", "http://127.0.0.1/")),
        *((403, "referer", url) for url in ("https://evil.example/localhost", "about:blank", "http://[")),
        *((200, "sec-fetch-site", site) for site in ("none", "same-origin")),
        *((403, "sec-fetch-site", site) for site in ("cross-site", "same-site")),
        (403, "forwarded", "for=10.0.0.1"),
        (403, "via", "1.1 proxy"),
        (403, "x-real-ip", "127.0.0.1"),
        *((403, f"x-forwarded-{what}", "127.0.0.1") for what in ("for", "host", "proto", "port", "server")),
        (200, "x-real-ips", "127.0.0.1"),
    ],
)
def test_pages_and_proxies_on_the_same_machine_are_403(
    expected: int, name: str, value: str, foreign_caller: Caller
) -> None:
    """Pages and proxies can forward requests from anywhere."""
    assert expected == foreign_caller.send("GET", "/_mock/clock", headers={**NO_HEADERS, name: value}).status


def test_a_local_page_may_be_cross_site(foreign_caller: Caller) -> None:
    """A page on `localhost` may call `127.0.0.1`, because its origin shows that it is local."""
    headers = {**NO_HEADERS, "origin": "http://localhost:3000", "sec-fetch-site": "cross-site"}
    assert 200 == foreign_caller.send("GET", "/_mock/clock", headers=headers).status


@pytest.mark.parametrize("path", ["/_mock/", "/_mock/x", "/_mock/clock/", "/_mock/Clock"])
def test_another_path_is_404(path: str, foreign_caller: Caller) -> None:
    """The message lists the valid paths."""
    assert (404, 1203, f"there is no such path; use one of {', '.join(PATHS)}") == foreign_caller.refusal("GET", path)


@pytest.mark.parametrize(
    ("methods", "path"),
    [
        ("GET, POST, DELETE", PATHS[0]),
        ("GET", PATHS[1]),
        ("GET, POST", PATHS[2]),
        ("GET", PATHS[3]),
        ("GET, POST", PATHS[4]),
    ],
)
def test_another_method_is_405(methods: str, path: str, foreign_caller: Caller) -> None:
    """Allow lists the path's methods."""
    answered = foreign_caller.send("PUT", path)

    assert (405, 1202) == (answered.status, json.loads(answered.body)["code"])
    assert (b"allow", methods.encode()) in answered.headers


@pytest.mark.parametrize(("expected", "size"), [(200, 65_536), (413, 65_537)])
def test_a_body_has_a_limit(expected: int, size: int, foreign_caller: Caller) -> None:
    """The limit is 64 KiB."""
    assert expected == foreign_caller.send("POST", "/_mock/faults", content=b"[]".ljust(size)).status


def test_a_body_is_strict_json(foreign_caller: Caller) -> None:
    """The control API refuses the same texts as every operation."""
    answered = foreign_caller.send("POST", "/_mock/faults", content=b"none")

    assert (400, "the body cannot be read: not JSON: Expecting value at line 1, column 1") == (
        answered.status,
        json.loads(answered.body)["message"],
    )


def test_queued_faults_can_be_seen_and_dropped(foreign_caller: Caller) -> None:
    """Each response is the list of the queued faults."""
    assert ["drip"] == foreign_caller.ask("POST", PATHS[0], ["drip"])
    assert ["drip", "fail:x", "none"] == foreign_caller.ask("POST", PATHS[0], ["fail:x", "none"])
    assert ["drip", "fail:x", "none"] == foreign_caller.ask("GET", PATHS[0])
    assert [] == foreign_caller.ask("DELETE", PATHS[0])
    assert [] == foreign_caller.ask("GET", PATHS[0])


def test_the_clock_is_stepped(foreign_caller: Caller) -> None:
    """Any number of seconds is allowed. The response contains the new time."""
    before = foreign_caller.ask("GET", PATHS[2])

    assert {"now": foreign_caller.app.clock.now(), "manual": True} == before
    after = [foreign_caller.ask("POST", PATHS[2], {"seconds": seconds}) for seconds in (2.5, 0, 1)]
    assert [2.5, 2.5, 3.5] == pytest.approx([response["now"] - before["now"] for response in after])


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("a step must be a number of seconds, 0 or more", {"seconds": -1}),
        ("a step must not go beyond the year 9999", {"seconds": 1e15}),
        *(('the body must be {"seconds": <number>}', body) for body in NO_STEPS),
    ],
)
def test_an_invalid_step_is_refused(expected: str, body: Any, foreign_caller: Caller) -> None:
    """The clock doesn't move."""
    before = foreign_caller.app.clock.now()

    assert (400, 1200, expected) == foreign_caller.refusal("POST", PATHS[2], body)
    assert before == foreign_caller.app.clock.now()


def test_the_tasks_of_every_token_are_listed() -> None:
    """The oldest comes first. A finished task has its element id, and each owner has a name."""
    app = create_app(manual_clock=True)
    one, other = Caller(app), Caller(app, "sk-other")
    ids = [one.create(external_task_id="e")["task_id"], other.create()["task_id"]]
    before = one.every_task()
    app.clock.step(2)
    after = other.every_task()

    assert {"task_id", "external_task_id", "status", "element_id", "deleted", "owner"} == before[0].keys()
    assert [(*pair, "submitted", None, False) for pair in zip(ids, ["e", None], strict=True)] == [
        tuple(task.values())[:5] for task in before
    ]
    assert [caller.element(task_id)["element_id"] for caller, task_id in zip((one, other), ids, strict=True)] == [
        task["element_id"] for task in after
    ]
    assert ["succeed"] * 2 == [task["status"] for task in after]
    assert 2 == len({task["owner"] for task in after})
    app.close()


def test_other_machines_may_call_the_paths_of_the_contract() -> None:
    """A token is enough for them."""
    assert 200 == shared_caller().post(client_host="10.0.0.1").status
