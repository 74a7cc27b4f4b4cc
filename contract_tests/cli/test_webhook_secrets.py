"""Webhook secrets come from a file or from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.support.command_line import CommandLine
from contract_tests.support.signed_notifications import OTHER_SECRET, SECRET


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", SECRET)


def test_the_secrets_of_a_file_are_used_instead_of_the_environment(
    body: Path, headers: Path, tmp_path: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One matching secret is enough, because a rotation has several."""
    monkeypatch.setenv("KLING_WEBHOOK_SECRET", "malformed")
    path = tmp_path / "secrets"
    path.write_text(f"{OTHER_SECRET}\n{SECRET}\n")

    assert 0 == kling_elements("webhook", "verify", body, "--headers", headers, "--secret-file", path).code


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the webhook secret cannot be read: No such file"),
        (b"", "there is no webhook secret"),
        (b"whsec_short", "secret 1 of 1 is malformed"),
        (b"\xff\xfe", "must contain only webhook secrets, one on each line"),
    ],
)
def test_a_secret_that_cannot_be_used_is_wrong_usage(
    content: bytes | None, message: str, body: Path, headers: Path, kling_elements: CommandLine
) -> None:
    """The message does not repeat the secret."""
    path = body.with_name("secret")
    if content is not None:
        path.write_bytes(content)

    result = kling_elements("webhook", "verify", body, "--headers", headers, "--secret-file", path)

    assert 2 == result.code
    assert message in result.err
    assert "whsec_short" not in result.err
