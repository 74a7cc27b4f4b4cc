"""The key is stored with `kling-elements login`."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process
from kling_elements.testing.gateway import MockGateway

KEY = "sk-typed-1234567890"


def _stored(home: Path) -> Path:
    return home / ".config" / "kling-elements" / "api-key"


def _without(env: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in names}


def _typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_the_key_is_the_first_line_of_a_pipe(
    home: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the owner can read the file, and --json contains its path."""
    _typed(f"  {KEY} \nanother line\n", monkeypatch)

    result = kling_elements("login", "--json")

    assert (0, {"stored": str(_stored(home))}) == (result.code, result.json())
    assert f"{KEY}\n" == _stored(home).read_text()
    assert 0o600 == stat.S_IMODE(_stored(home).stat().st_mode)
    assert KEY not in result.out + result.err


def test_a_new_key_replaces_the_old_one(
    home: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mode of the old file does not matter."""
    _stored(home).parent.mkdir(parents=True)
    _stored(home).write_text("sk-old")
    _stored(home).chmod(0o644)
    _typed(KEY, monkeypatch)

    assert 0 == kling_elements("login").code
    assert f"{KEY}\n" == _stored(home).read_text()
    assert 0o600 == stat.S_IMODE(_stored(home).stat().st_mode)


@pytest.mark.parametrize(
    ("typed", "message"),
    [("", "no key was entered"), (" \n", "no key was entered"), (f"Bearer {KEY}\n", "this is not an API key")],
)
def test_nothing_is_stored_if_there_is_no_usable_key(
    typed: str, message: str, home: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message does not repeat the typed text."""
    _typed(typed, monkeypatch)

    result = kling_elements("login")

    assert (2, "") == (result.code, result.out)
    assert message in result.err
    assert KEY not in result.err
    assert not _stored(home).exists()


def test_the_key_is_never_an_argument(home: Path, kling_elements: CommandLine) -> None:
    """The key on the command line is neither stored nor repeated, because others may have seen it."""
    result = kling_elements("login", KEY)

    assert (2, "") == (result.code, result.out)
    assert "don't pass the key as an argument" in result.err
    assert "next: kling-elements login\n" in result.err
    assert KEY not in result.err
    assert not _stored(home).exists()


@pytest.mark.parametrize(("is_set", "expected"), [(True, 1), (False, 0)])
def test_a_key_in_the_environment_is_mentioned_because_it_comes_first(
    is_set: bool,  # noqa: FBT001 - pytest passes it by name
    expected: int,
    kling_elements: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not is_set:
        monkeypatch.delenv("KLING_API_KEY")
    _typed(KEY, monkeypatch)

    assert expected == kling_elements("login").err.count("KLING_API_KEY is set")


def test_a_typed_key_is_hidden_and_used_by_the_next_command(
    env: dict[str, str], home: Path, kling_mock: MockGateway
) -> None:
    """The terminal doesn't echo the key. Without KLING_API_KEY, the next command uses it."""
    keyless = _without(env, "KLING_API_KEY")

    result = run_in_terminal(["login"], keyless, typed=f"{kling_mock.token}\n")

    assert 0 == result.code
    assert "API key (not shown): " in result.out
    assert f"stored in {_stored(home)}" in result.out
    assert kling_mock.token not in result.out
    assert f"{kling_mock.token}\n" == _stored(home).read_text()
    assert 0 == run_process(["list"], keyless).code


def test_the_end_of_the_input_at_the_prompt_stores_nothing(env: dict[str, str], home: Path) -> None:
    """Ctrl+D at the prompt ends the command without storing a key."""
    result = run_in_terminal(["login"], env, typed="\x04")

    assert 2 == result.code
    assert "no key was entered" in result.out
    assert not _stored(home).exists()


def test_a_process_reads_the_key_from_a_pipe(env: dict[str, str], home: Path) -> None:
    result = run_process(["login"], env, stdin=f"{KEY}\n")

    assert (0, f"stored in {_stored(home)}\n") == (result.code, result.out)
    assert f"{KEY}\n" == _stored(home).read_text()


def test_help_of_login(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements("login", "--help").out
