"""Find the contract of a gateway: by its name, by the host of its URL, or from an overlay of your own."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import frozen

from kling_elements_client import gateways as packaged
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, with_inline_path_items

_OWN: Final = "kkiai"
"""The gateway that the contract describes, so that it needs no overlay."""
_SUFFIXES: Final = (".yaml", ".yml", ".json")
"""The extensions by which a name is an overlay's file and not a gateway."""


@frozen
class Gateway:
    """A gateway that you can choose with `KlingElements(gateway=...)`.

    Attributes:
        name: The name to pass to the client.
        title: The name to show to people.
        summary: The differences from the contract, in one sentence.
        base_url: The gateway's URL, or None if you have to pass `base_url` yourself.
        version: The date of the documents from which the overlay was written.
    """

    name: str
    title: str
    summary: str
    base_url: str | None
    version: str


def gateways() -> tuple[Gateway, ...]:
    """Return the gateways that this package knows."""
    return tuple(_gateway(name, base_url) for name, base_url in packaged.BASE_URLS.items())


def _gateway(name: str, base_url: str | None) -> Gateway:
    info = packaged.overlay(name)["info"]
    return Gateway(name, info["title"], info["x-summary"], base_url, info["version"])


def contract_of(gateway: str | Path | None, base_url: str | None) -> Contract:
    """Return the contract of a gateway.

    Args:
        gateway: The gateway's name, or the file of an overlay. By default the host of `base_url` decides.
        base_url: The gateway's URL, if you know it. An unknown host has the package's contract.

    Raises:
        TypeError: The gateway is neither a string nor a path.
        ValueError: There is no such gateway, or its overlay can't be used.
    """
    if gateway is None:
        gateway = name_by_host(base_url) or _OWN
    if isinstance(gateway, Path):
        return _contract_with(_overlay_in(gateway), str(gateway))
    if not isinstance(gateway, str):
        raise TypeError(f"gateway must be a name or a pathlib.Path, not {type(gateway).__name__}")
    if gateway not in packaged.BASE_URLS:
        raise ValueError(
            f"there is no gateway {gateway!r}: use {', '.join(packaged.BASE_URLS)}, or a pathlib.Path to an overlay"
        )
    return CONTRACT if gateway == _OWN else _packaged_contract(gateway)


def name_by_host(base_url: str | None) -> str | None:
    """Return the name of the gateway at the host of a URL, or None if this package knows no such gateway."""
    return _by_host().get(_host_of(base_url)) if isinstance(base_url, str) and base_url else None


def gateway_in(text: str) -> str | Path:
    """Return the gateway that a command's option selects: a name, or the `Path` of an overlay.

    The text is a path if it ends like an overlay, contains a folder or is a file. A gateway's name is always a name.
    """
    path = Path(text)
    is_path = text.lower().endswith(_SUFFIXES) or len(path.parts) > 1 or path.is_file()
    return path if is_path and text not in packaged.BASE_URLS else text


@cache
def _packaged_contract(name: str) -> Contract:
    return _contract_with(packaged.overlay(name), name)


@cache
def _by_host() -> dict[str | None, str]:
    return {_host_of(url): name for name, url in packaged.BASE_URLS.items() if url}


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # the client says what is wrong with it
        return None


def _contract_with(overlay: object, name: str) -> Contract:
    """Return the contract with an overlay applied.

    Raises:
        ValueError: The overlay can't be used.
    """
    from kling_elements_runtime.overlays import OverlayError, apply  # noqa: PLC0415 - few clients need JSONPath

    try:
        document: Node = with_inline_path_items(apply(packaged.contract_source(), overlay))
    except (OverlayError, LookupError) as error:
        raise ValueError(f"{name}: {error}") from None
    return Contract(document)


def _overlay_in(path: Path) -> Any:
    """Return the value in a JSON or YAML file.

    Raises:
        ValueError: The file can't be read, or reading YAML needs a package that is not installed.
    """
    try:
        text = path.read_text("utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else _parsed_yaml(text)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _parsed_yaml(text: str) -> Any:
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415 - an extra
        from ruamel.yaml.error import YAMLError  # noqa: PLC0415
    except ImportError:
        raise ValueError('to read YAML, install "kling-elements[cli]"; JSON needs nothing') from None
    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


__all__ = ["Gateway", "contract_of", "gateway_in", "gateways", "name_by_host"]
