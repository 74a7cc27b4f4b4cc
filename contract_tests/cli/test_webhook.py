"""Stored notifications are verified with `kling-elements webhook verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process
from contract_tests.support.signed_notifications import BODY, HEADER_LINES, HEADERS, SECRET, signature_of


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", SECRET)


@pytest.mark.parametrize(
    "text",
    [
        HEADER_LINES,
        f"POST /hook HTTP/1.1\nHost: example.com\n{HEADER_LINES}\n",
        json.dumps(HEADERS),
        json.dumps({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()}),
    ],
    ids=["lines", "a whole head", "JSON", "a WSGI environ"],
)
def test_a_notification_of_any_age_is_verified(
    text: str, body: Path, headers: Path, kling_elements: CommandLine
) -> None:
    """The vendor's test vector is accepted, although it is years old."""
    headers.write_text(text)

    result = kling_elements("webhook", "verify", body, "--headers", headers)

    assert (0, "The signature is valid.\n") == (result.code, result.err)
    assert ["1234567890", "succeed"] == result.out.split()[:2]


def test_the_task_is_one_json_value(body: Path, headers: Path, kling_elements: CommandLine) -> None:
    task = kling_elements("webhook", "verify", body, "--headers", headers, "--json").json()

    assert ("1234567890", "succeed") == (task["task_id"], task["status"])


def test_another_signature_is_refused(body: Path, headers: Path, kling_elements: CommandLine) -> None:
    """The message contains the path of the file, and no part of the secret."""
    body.write_bytes(BODY.replace(b"succeeded", b"failed"))

    result = kling_elements("webhook", "verify", body, "--headers", headers)

    assert (1, "") == (result.code, result.out)
    assert f"error: {body}: no v1 signature" in result.err
    assert SECRET[6:] not in result.err


def test_a_line_end_that_an_editor_added_is_explained(body: Path, headers: Path, kling_elements: CommandLine) -> None:
    body.write_bytes(BODY + b"\n")
    explained = kling_elements("webhook", "verify", body, "--headers", headers)
    body.write_bytes(BODY + b"}\n")
    refused = kling_elements("webhook", "verify", body, "--headers", headers)

    assert (1, 1) == (explained.code, refused.code)
    assert "ends with a line break that was not signed" in explained.err
    assert "no v1 signature" in refused.err


def test_a_line_end_that_was_signed_is_accepted(body: Path, headers: Path, kling_elements: CommandLine) -> None:
    signed = BODY + b"\n"
    body.write_bytes(signed)
    headers.write_text(HEADER_LINES.replace(HEADERS["webhook-signature"], signature_of(signed)))

    assert 0 == kling_elements("webhook", "verify", body, "--headers", headers).code


def test_the_age_can_be_limited(body: Path, headers: Path, kling_elements: CommandLine) -> None:
    arguments = "webhook", "verify", body, "--headers", headers, "--max-age"

    old, fresh = kling_elements(*arguments, "300"), kling_elements(*arguments, "10000000000")

    assert (1, 0) == (old.code, fresh.code)
    assert "at most 300 are allowed" in old.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing headers: webhook-id"),
        (HEADER_LINES + HEADER_LINES, "must be present exactly once"),
        (HEADER_LINES + "no header\n", "line 4 is not a header: write Name: value"),
        ("{", "is not valid JSON"),
        ('{"webhook-id": 1}', "must be a JSON object whose values are strings"),
    ],
)
def test_headers_that_cannot_be_used_are_explained(
    text: str, message: str, body: Path, headers: Path, kling_elements: CommandLine
) -> None:
    headers.write_text(text)

    result = kling_elements("webhook", "verify", body, "--headers", headers)

    assert 1 == result.code
    assert message in result.err


def test_a_missing_file_is_reported(body: Path, tmp_path: Path, kling_elements: CommandLine) -> None:
    result = kling_elements("webhook", "verify", body, "--headers", tmp_path / "none")

    assert (2, True) == (result.code, f"{tmp_path / 'none'}: cannot be read: No such file" in result.err)


@pytest.mark.parametrize("run", [run_process, run_in_terminal])
def test_webhook_verify_as_a_process(run: Any, env: dict[str, str], body: Path, headers: Path) -> None:
    arguments = ["webhook", "verify", str(body), "--headers", str(headers)]

    result = run(arguments, env | {"KLING_WEBHOOK_SECRET": SECRET})
    without = run(arguments, env)

    assert (0, 2) == (result.code, without.code)
    assert "1234567890" in result.out
    assert "set the environment variable KLING_WEBHOOK_SECRET" in without.out + without.err


@pytest.mark.parametrize("arguments", [["webhook"], ["webhook", "verify"]], ids=" ".join)
def test_help_of_webhook(arguments: list[str], kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements(*arguments, "--help").out
