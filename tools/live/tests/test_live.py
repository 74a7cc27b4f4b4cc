"""`make live` says what it will do, checks its arguments, and shows each response without private data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.reading.images import Picture
from contract_tests.reading.paths import PRESETS
from kling_elements.mock import create_app
from kling_elements.mock.reply import Reply
from kling_elements.testing.gateway import serving
from tools.live.tests.command import IMAGE, LIST, STATUS_OF_ABSENCE, TOKEN, Replies, Run, gateway, lines_of_reads

_PLAN = "https://www.kkiai.com: this reads the account's list, the list of presets, the first task if there is one "


@pytest.mark.parametrize("dialect", STATUS_OF_ABSENCE)
def test_make_live_only_reads_by_default(dialect: str, run: Run) -> None:
    """`make live` says so first, and then prints each request's result and the dialect."""
    with gateway(dialect) as router:
        assert 0 == run()
        assert [] == router.kling.tasks()

    plan, nothing, *lines = run.lines
    assert plan.startswith(_PLAN)
    assert "It creates nothing." == nothing
    counts = "6 responses, 0 departures from the contract, 0 failed calls, 0 new"
    assert [*lines_of_reads(dialect), f"dialect: {dialect}", counts] == lines


def test_without_a_key_make_live_says_what_to_set(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.delenv("KLING_API_KEY")

    expected = "set KLING_API_KEY to the gateway's API key, and KLING_BASE_URL to its URL unless that is"
    assert 2 == run("--create", IMAGE)
    assert [f"error: {expected} https://www.kkiai.com"] == run.lines


@pytest.mark.usefixtures("gateway_router")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--create"], "CREATE=1 needs IMAGE=..., the path or the http(s) URL of a JPEG or PNG file"),
        (
            ["--create", "--image=no.jpg"],
            "IMAGE cannot be used: /element_image_list/frontal_image: no.jpg: cannot be read",
        ),
        (
            ["--create", "--image=small.png"],
            "IMAGE cannot be used: /element_image_list/frontal_image: small.png: the image is shown as 299x300 px",
        ),
        (
            ["--create", "--image=https://a b"],
            "IMAGE cannot be used: /element_image_list/frontal_image: must be an http",
        ),
    ],
)
def test_an_invalid_image_is_an_error(
    arguments: list[str], expected: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mistake is reported before anything is sent."""
    monkeypatch.chdir(tmp_path)
    Path("small.png").write_bytes(Picture(width=299).build())

    assert 2 == run(*arguments)
    (line,) = run.lines
    assert line.startswith(f"error: {expected}")


def test_an_invalid_url_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token must never be sent without TLS."""
    monkeypatch.setenv("KLING_BASE_URL", "http://gateway.example.com")

    expected = "error: base_url must begin with https://, or pass allow_http=True: http://gateway.example.com"
    assert 2 == run()
    assert [expected] == run.lines


@pytest.mark.usefixtures("gateway_router")
def test_private_data_that_a_gateway_repeats_is_not_shown(replies: Replies, run: Run) -> None:
    """`run` searches the output for names and the token."""
    body = {
        "code": TOKEN,
        "message": f"Jonas {TOKEN}",
        TOKEN: 1,
        "Jonas Meier": 2,
        "request_id": ["Jonas"],
        "data": [{"task_id": TOKEN, "task_status": TOKEN, "task_info": "Jonas", "created_at": {"Jonas": 1}}],
    }
    replies[LIST] = Reply(200, json.dumps(body).encode(), ((b"content-type", b"application/json; a=Jonas"),))
    replies[PRESETS] = Reply(200, b"Jonas", ((b"content-type", f"jonas meier {TOKEN}".encode()),))

    run()

    assert [] == [line for line in run.lines if "jonas" in line.lower()]
    assert {
        "  departs: /request_id is an array, which breaks the contract",
        "  departs: /data/0/task_info is a string, which breaks the contract",
        "  departs: /data/0/created_at is an object, which breaks the contract",
        "  departs: /code is ***, which means failure, but the status is 200",
    } <= set(run.lines)
    assert "  for information: /(a name of 11 characters) is not in the contract" in run.lines


@pytest.mark.parametrize("dialect", STATUS_OF_ABSENCE)
def test_make_live_runs_against_a_server(dialect: str, tmp_path: Path) -> None:
    """The command is started as by `make live`, and calls a server on a socket."""
    (tmp_path / "mara.jpg").write_bytes(Picture(format="jpeg").build())
    command = [sys.executable, "-m", "tools.live", "--create", "--image", str(tmp_path / "mara.jpg")]
    with serving(create_app(TOKEN, tick_seconds=0, dialect=dialect)) as gateway:
        environment = {**os.environ, "KLING_API_KEY": TOKEN, "KLING_BASE_URL": gateway.url}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (0, "") == (result.returncode, result.stderr)
    assert result.stdout.startswith(f"{gateway.url}: this reads")
    assert result.stdout.endswith("\n11 responses, 0 departures from the contract, 0 failed calls, 0 new\n")
    assert TOKEN not in result.stdout


_NO_SUCH_PATH = b'{"error":{"message":"Invalid URL (GET /kling)","type":"invalid_request_error","param":"","code":""}}'


def test_a_gateway_without_the_calls_speaks_no_dialect(serve: Callable[[bytes], str]) -> None:
    """Only its unknown responses are new."""
    head = f"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {len(_NO_SUCH_PATH)}\r\n\r\n"
    url = serve(head.encode() + _NO_SUCH_PATH)
    environment = {**os.environ, "KLING_API_KEY": TOKEN, "KLING_BASE_URL": url}
    command = [sys.executable, "-m", "tools.live", "--confirm"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (1, "") == (result.returncode, result.stderr)
    assert "\ndialect: neither live nor documented\n" in result.stdout
    assert "  failed: the list can't be read: StatusError, status 404\n" in result.stdout
    news = 'new: unknown-element: HTTP 404, "Invalid URL (GET /kling)", read as refused'
    assert news in result.stdout
    assert TOKEN not in result.stdout
