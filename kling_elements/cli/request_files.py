"""Read requests from YAML or JSON files, in which images may be paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.strict_json import StrictJsonError, loads
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.attachments import place_of
from kling_elements_runtime.document import place

SUFFIXES = (".json", ".yaml", ".yml")
"""The file name extensions of request files."""

_MAX_BYTES = 1 << 26  # limits the memory; the contract has a lower limit for requests
MAX_PATH = 1024
"""The maximum length of a path. A longer string is an image in Base64."""


@frozen
class RequestFile:
    """A request that was read from a file.

    Attributes:
        path: The file.
        request: The request body; its images are paths, URLs or Base64 strings.
        images: The image files in the request, by JSON Pointer.
    """

    path: Path
    request: Any
    images: dict[str, Path]


def read(path: Path) -> RequestFile:
    """Return the request in a file.

    Wherever the API expects an image, paths relative to the file become `Path` objects.

    Raises:
        CommandError: The file cannot be read, or is not valid YAML or JSON.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _refusal(path, "is larger than any request may be")
        raw = path.read_bytes()
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from error
    value = _json(path, raw) if path.suffix == ".json" else _yaml(path, raw)
    images: dict[str, Path] = {}
    request = _with_paths(value, (), path.parent, images)
    return RequestFile(path, request, images)


def _json(path: Path, raw: bytes) -> object:
    try:
        return loads(raw)
    except StrictJsonError as error:
        raise _refusal(path, f"is not valid JSON: {error}") from error


def _yaml(path: Path, raw: bytes) -> object:
    from ruamel.yaml import YAML  # noqa: PLC0415 - most commands read no YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        return YAML(typ="safe", pure=True).load(raw.decode())
    except UnicodeDecodeError as error:
        raise _refusal(path, f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _refusal(path, f"is not valid YAML: {error.problem}{line}") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _refusal(path, f"is not valid YAML: {type(error).__name__}") from error


def _with_paths(value: object, steps: tuple[str | int, ...], folder: Path, images: dict[str, Path]) -> object:
    """Return a value with `Path` objects for image files, and add these to `images`, by their pointers."""
    if isinstance(value, dict):
        return {name: _with_paths(item, (*steps, str(name)), folder, images) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_paths(item, (*steps, index), folder, images) for index, item in enumerate(value)]
    media = CONTRACT.media_places("createElement").get(place_of(steps))
    if media is None or media.keyword != "x-image" or not isinstance(value, str):
        return value
    if "://" in value or value.startswith("data:") or not 0 < len(value) <= MAX_PATH:
        return value
    path = folder / value
    images[place(steps)] = path
    return path


def _refusal(path: Path, reason: str) -> CommandError:
    return CommandError(f"{path}: {reason}", Exit.REFUSED_HERE)
