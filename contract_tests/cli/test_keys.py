"""The API key is found in several places, and stored safely."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from contract_tests.support.command_line import CommandLine
from kling_elements.cli import keys
from kling_elements.cli.exits import CommandError, Exit


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_first_place_with_a_key_counts(tmp_path: Path) -> None:
    """A file that you pass comes first, then the environment, then the stored key."""
    file = tmp_path / "key"
    file.write_text("of-the-file\n")
    keys.store("of-the-login")
    environment = {"KLING_API_KEY": "of-the-environment"}

    results = [keys.find(file, environment), keys.find(None, environment), keys.find(None, {})]

    assert ["of-the-file", "of-the-environment", "of-the-login"] == [key.reveal() for key in results]
    assert [str(file), "the environment variable KLING_API_KEY"] == [key.source for key in results[:2]]
    assert "of-the-file" not in repr(vars(results[0]))


def test_only_the_owner_can_read_a_stored_key() -> None:
    """A second key replaces the first one."""
    path = keys.store("first-key")

    assert path == keys.store("second-key")
    assert (0o600, "second-key\n") == (stat.S_IMODE(path.stat().st_mode), path.read_text())


@pytest.mark.parametrize("text", ["", "two words", "schlüssel"])
def test_a_malformed_key_is_not_stored(text: str) -> None:
    """The message does not repeat the text."""
    with pytest.raises(CommandError, match="this is not an API key") as caught:
        keys.store(text)

    assert not keys.stored_path().exists()
    assert not text or text not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """The error is reported if a file has the folder's name."""
    (tmp_path / "config").write_text("")

    with pytest.raises(CommandError, match="api-key: cannot be written: "):
        keys.store("some-key")


def test_no_key_is_wrong_usage(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists every way to pass a key, and suggests the easiest one."""
    monkeypatch.delenv("KLING_API_KEY")

    result = kling_elements("list")

    assert Exit.USAGE == result.code
    assert "KLING_API_KEY, pass --key-file FILE, or run kling-elements login" in result.err
    assert result.err.endswith("next: kling-elements login\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "the API key cannot be read: No such file or directory"),
        (b"\xff\xfe", "the API key cannot be read: it is not text"),
        (b"Bearer secret-key", "is empty, or contains white space or characters other than ASCII"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_reported(
    kling_elements: CommandLine, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """The message contains the path of the file, and not the key."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    result = kling_elements("list", "--key-file", file)

    assert Exit.USAGE == result.code
    assert str(file) in result.err
    assert reason in result.err
    assert "secret-key" not in result.err
