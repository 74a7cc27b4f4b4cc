"""The application that `listen` serves: it verifies, prints and forwards notifications."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest
from attrs import define, field

from contract_tests.support.peers import http_response, listening
from contract_tests.support.signed_notifications import BODY, ID, OTHER_SECRET, SECRET, signature_of
from kling_elements.cli.output import Output
from kling_elements.cli.receiver import NotificationReceiver
from kling_elements.mock import server


@define
class Served:
    """A receiver that runs on this machine.

    Attributes:
        url: The address of the receiver.
        receiver: The application.
        stops: One entry for each call of `stop`.
    """

    url: str = ""
    receiver: NotificationReceiver | None = None
    stops: list[None] = field(factory=list)

    def post(self, body: bytes = BODY, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a notification."""
        sent = signed(body) if headers is None else headers
        return httpx.post(f"{self.url}/hook", content=body, headers=sent, trust_env=False, timeout=60)


def signed(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    """Return the headers of a notification that is signed now."""
    timestamp = str(int(time.time()))
    signature = signature_of(body, secret, timestamp=timestamp)
    own = {"webhook-id": ID, "webhook-timestamp": timestamp, "webhook-signature": signature}
    return own | {"content-type": "application/json", "x-other": "stays here"}


@contextmanager
def serving(
    *, secrets: list[str] | None = None, forward: str | None = None, output: Output = Output()
) -> Iterator[Served]:
    """Serve a receiver while the block runs."""
    served = Served()
    target = None if forward is None else httpx.URL(forward)
    served.receiver = NotificationReceiver(secrets, target, output, lambda: served.stops.append(None))
    listener = server.listen("127.0.0.1", 0)
    background = server.Background(served.receiver)
    thread = threading.Thread(target=background.run, args=([listener],))
    with closing(listener):
        thread.start()
        try:
            served.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield served
        finally:
            background.should_exit = True
            thread.join()


def test_a_signed_notification_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The sender gets a success status, so that it doesn't resend the notification."""
    with serving(secrets=[OTHER_SECRET, SECRET]) as served:
        response = served.post()

    assert (200, "received\n") == (response.status_code, response.text)
    assert ["1234567890", "succeed"] == capsys.readouterr().out.split()[:2]


def test_programs_get_one_json_value_per_notification(capsys: pytest.CaptureFixture[str]) -> None:
    """Refused notifications are printed too."""
    with serving(secrets=[SECRET], output=Output(json=True)) as served:
        served.post()
        served.post(headers=signed(secret=OTHER_SECRET))
        served.post(headers={})

    accepted, forged, unsigned = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (ID, True, None) == (accepted["webhook_id"], accepted["verified"], accepted["forwarded"])
    assert ("1234567890", "succeed") == (accepted["task"]["task_id"], accepted["task"]["status"])
    assert (ID, True) == (forged["webhook_id"], "no v1 signature" in forged["refused"])
    assert (None, True) == (unsigned["webhook_id"], "missing headers" in unsigned["refused"])


def test_a_forged_notification_is_refused_and_not_forwarded(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(lambda peer: peer.respond()) as target, serving(secrets=[SECRET], forward=target.url) as served:
        response = served.post(headers=signed(secret=OTHER_SECRET))

    written = capsys.readouterr()
    assert (400, []) == (response.status_code, target.requests)
    assert ("", True) == (written.out, written.err.startswith("refused: no v1 signature"))


def test_without_secrets_every_notification_with_a_task_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(output=Output(json=True)) as served:
        statuses = [served.post(headers={}).status_code, served.post(b'{"a": 1}', {}).status_code]

    assert [200, 400] == statuses
    assert not json.loads(capsys.readouterr().out.splitlines()[0])["verified"]


def test_body_and_webhook_headers_are_forwarded_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    """The target can therefore verify the signature too."""
    body = b' {"id": "1234567890",  "status": "succeeded"}\r\n'
    headers = signed(body)
    with listening(lambda peer: peer.respond(http_response(b"", "204 No Content"))) as target:
        with serving(secrets=[SECRET], forward=f"{target.url}/mine?a=1", output=Output(json=True)) as served:
            response = served.post(body, headers)
        (heard,) = target.requests

    assert ("POST /mine?a=1 HTTP/1.1", body) == (heard.line, heard.body)
    assert headers.items() - {("x-other", "stays here")} <= heard.headers.items()
    assert "x-other" not in heard.headers
    assert 204 == response.status_code
    written = capsys.readouterr()
    assert {"status": 204, "reason": None} == json.loads(written.out)["forwarded"]
    assert "forwarded: target answered 204\n" == written.err


def test_the_sender_gets_the_response_of_the_target() -> None:
    """The sender then resends what the target didn't accept."""
    refusing = listening(lambda peer: peer.respond(http_response(b"", "503 Unavailable")))
    with refusing as target, serving(secrets=[SECRET], forward=target.url) as served:
        assert 503 == served.post().status_code


def test_a_target_that_is_not_reached_is_a_bad_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(secrets=[SECRET], forward="http://127.0.0.1:1/", output=Output(json=True)) as served:
        response = served.post()

    written = capsys.readouterr()
    assert (502, True) == (response.status_code, response.text.startswith("not forwarded: "))
    assert "not forwarded: " in written.err
    assert json.loads(written.out)["forwarded"]["reason"]


def test_a_body_that_is_too_large_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        assert 413 == served.post(b"x" * ((1 << 20) + 1), {}).status_code

    assert "refused: the body has more than 1,048,576 bytes" in capsys.readouterr().err


def test_only_post_is_a_notification() -> None:
    with serving() as served:
        response = httpx.get(served.url, trust_env=False, timeout=60)

    assert (405, "POST") == (response.status_code, response.headers["allow"])


class _Broken(Output):
    def result(self, *_: Any) -> None:
        raise BrokenPipeError


def test_a_closed_output_stops_the_server() -> None:
    """The receiver stops, as for `listen | head -1`."""
    with serving(output=_Broken()) as served:
        assert 503 == served.post(headers={}).status_code

    assert served.receiver is not None
    assert isinstance(served.receiver.failure, BrokenPipeError)
    assert [None] == served.stops


def test_a_sender_that_disconnects_gets_no_response(capsys: pytest.CaptureFixture[str]) -> None:
    """The receiver sends no response and prints nothing."""
    receive, send = AsyncMock(return_value={"type": "http.disconnect"}), AsyncMock()
    receiver = NotificationReceiver(None, None, Output(), list)

    asyncio.run(receiver({"type": "http", "method": "POST", "headers": []}, receive, send))

    send.assert_not_awaited()
    assert ("", "") == capsys.readouterr()
