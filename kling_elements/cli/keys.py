"""Find the API key, and store it. It is never an argument, because every user of a machine can list arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_config_path

from kling_elements.cli.exits import CommandError, Exit
from kling_elements_runtime.credentials import HiddenToken, token_problem

VARIABLE = "KLING_API_KEY"
_PRIVATE = 0o600  # readable and writable by its owner only
_NO_KEY = (
    f"there is no API key: set the environment variable {VARIABLE}, pass --key-file FILE, or run kling-elements login"
)


class Key:
    """An API key and its source.

    Attributes:
        source: The file or the variable that contains the key.
    """

    def __init__(self, text: str, source: str) -> None:
        self._hidden = HiddenToken(text)
        self.source = source

    def reveal(self) -> str:
        """Return the key itself."""
        return str(self._hidden.reveal())


def stored_path() -> Path:
    """Return the path of the file in which `kling-elements login` stores the key."""
    return user_config_path("kling-elements") / "api-key"


def find(key_file: Path | None, environment: Mapping[str, str]) -> Key:
    """Return the key from a file, from the environment, or from the last login, in this order.

    Raises:
        CommandError: There is no key, the key is malformed, or the file cannot be read.
    """
    path = stored_path()
    if key_file is not None:
        key = _read(key_file, str(key_file))
    elif environment.get(VARIABLE):
        key = Key(environment[VARIABLE].strip(), f"the environment variable {VARIABLE}")
    elif path.exists():
        key = _read(path, f"{path} (kling-elements login)")
    else:
        raise CommandError(_NO_KEY, Exit.USAGE, "kling-elements login")
    if token_problem(key.reveal()):
        raise CommandError(
            f"the API key from {key.source} is empty, or contains white space or characters other than ASCII: "
            "copy it again, without 'Bearer'",
            Exit.USAGE,
        )
    return key


def store(text: str) -> Path:
    """Store a key so that only you can read it, and return the file's path.

    Raises:
        CommandError: The key is malformed, or the file cannot be written.
    """
    if token_problem(text):
        raise CommandError(
            "this is not an API key: it is empty, or contains white space or characters other than ASCII: "
            "copy it again, without 'Bearer'",
            Exit.USAGE,
        )
    path = stored_path()
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="ascii") as file:  # noqa: PTH123 - Path.open takes no mode
            file.write(f"{text}\n")
        new.replace(path)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}", Exit.USAGE) from error
    return path


def _read(path: Path, source: str) -> Key:
    try:
        return Key(path.read_text(encoding="utf-8").strip(), source)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise CommandError(f"{path}: the API key cannot be read: {reason}", Exit.USAGE) from error
