"""The options of every command that calls a gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.gateway import GatewayOptions, with_option_names


@pytest.fixture(autouse=True)
def _no_stored_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kling_elements.cli.keys.stored_path", lambda: tmp_path / "none")
    monkeypatch.delenv("KLING_API_KEY", raising=False)


def test_the_key_comes_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-of-the-file\n")

    with GatewayOptions(key_file=tmp_path / "key", base_url="http://127.0.0.1:1").client() as kling:
        assert "sk-of-the-file" not in repr(kling)


def test_without_a_key_there_is_no_client() -> None:
    """The error says how to set a key."""
    with pytest.raises(CommandError, match="there is no API key") as caught:
        GatewayOptions().client()

    assert (Exit.USAGE, "kling-elements login") == (caught.value.exit, caught.value.next)


def test_an_invalid_setting_is_explained_by_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the option in place of the client's argument."""
    monkeypatch.setenv("KLING_API_KEY", "sk-secret")

    with pytest.raises(CommandError, match="--allow-http") as caught:
        GatewayOptions(base_url="http://gateway.example.com").client()

    assert "allow_http" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_arguments_of_the_client_become_options_of_the_command() -> None:
    message = "base_url must begin with https://, or pass allow_http=True; the token is missing"

    assert "--base-url must begin with https://, or pass --allow-http; the API key is missing" == with_option_names(
        message
    )
