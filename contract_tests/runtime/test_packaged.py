"""Documents in packages, which may be in an archive."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_elements_client import gateways
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.packaged import packaged, packaged_json


@pytest.fixture
def archived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Put a package with two documents into an archive, and return the name of a module in it."""
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("archived_package/__init__.py", "")
        archive.writestr("archived_package/module.py", "")
        archive.writestr("archived_package/openapi.json", '{"openapi": "3.1.0"}')
        archive.writestr("archived_package/folder/other.json", '{"other": 1}')
    monkeypatch.syspath_prepend(tmp_path / "archive.zip")
    importlib.invalidate_caches()
    yield "archived_package.module"
    sys.modules.pop("archived_package", None)


def test_documents_are_read_from_an_archive(archived: str) -> None:
    """The name may have a folder."""
    assert {"openapi": "3.1.0"} == packaged(archived)()
    assert {"other": 1} == packaged_json(archived, "folder/other.json")


def test_path_items_of_the_contract_are_inline() -> None:
    """Overlays apply to the contract as it is written, in which they are components."""
    written, read = gateways.contract_source(), CONTRACT.document()

    assert "pathItems" in written["components"]
    assert "pathItems" not in read["components"]
    assert (
        written["components"]["pathItems"]["Element"]
        == read["paths"]["/kling/v1/general/advanced-custom-elements/{id}"]
    )


def test_an_overlay_of_an_unknown_gateway_is_a_key_error() -> None:
    assert "1.0.0" == gateways.overlay("kkiai")["overlay"]
    with pytest.raises(KeyError, match="mine"):
        gateways.overlay("mine")
