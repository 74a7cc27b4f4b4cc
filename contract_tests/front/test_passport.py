"""The passport of a gateway: what it contains, how it is written, and that it equals the overlay that is played."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.image_body import BODY
from contract_tests.reading.paths import DELETION, ELEMENTS
from kling_elements import Gateway, KlingElements, NotFoundError, OperationNotOfferedError, gateways
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock import create_app
from kling_elements.passport import Passport, PassportError, check_new, examine
from kling_elements.testing import KlingRouter, respx_router
from kling_elements_client import AuthenticatedClient
from kling_elements_client import gateways as packaged
from kling_elements_client.contract import CONTRACT
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import at

TOKEN = "sk-secret-1234567890"
URL = "https://gateway.example.com"  # the default of the contract's template
DAY = date(2026, 11, 28)
_NOT_SHOWN_BY_FREE_CALLS = {
    "/servers/0/description": "how a server is described",
    "/servers/0/variables": "that the overlay is for several addresses",
    "/components/schemas/TagId/description": "the names of tags",
    "/components/schemas/TagId/x-enum-varnames": "the names of tags",
    "/x-rules/R28": "whether a voice may be bound to an element from images",
    "/components/schemas/ImageElementRequest/x-excluded/element_voice_id": "the same",
    "/components/schemas/ImageElementRequest/properties/element_voice_id": "the same",
}
"""The places at which a passport may differ from the overlay that the gateway plays."""


@contextmanager
def serve_contract(contract: Contract, url: str = URL, **options: Any) -> Iterator[KlingRouter]:
    """Run a gateway that plays a contract."""
    with respx_router(url, app=create_app(contract=contract, tick_seconds=0, **options)) as router:
        yield router


def passport_of(contract: Contract, url: str = URL, **options: Any) -> Passport:
    """Return the passport of a gateway that plays a contract."""
    with serve_contract(contract, url, **options), AuthenticatedClient(TOKEN, url) as client:
        return examine(client, DAY, confirm=True)


def apply_passport(passport: Passport, folder: Path) -> Contract:
    """Return the contract that a passport describes, by way of its file."""
    passport.write(folder / "mine.yaml")
    return contract_of(folder / "mine.yaml", None)


def without_what_free_calls_do_not_show(document: Any) -> Any:
    """Return a copy of a document without the places at which a passport may differ."""
    document = deepcopy(document)
    for place in _NOT_SHOWN_BY_FREE_CALLS:
        around, _, name = place.rpartition("/")
        at(document, around).pop(name, None)
    del document["servers"][1:]  # that of the contract is for any other gateway
    document["servers"][0]["url"] = document["servers"][0]["url"].replace("https://{host}", URL)
    return document


@pytest.mark.parametrize("gateway", gateways(), ids=lambda gateway: gateway.name)
def test_a_passport_found_from_outside_equals_the_overlay(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing differs except what free calls cannot show."""
    contract = contract_of(gateway.name, None)

    contract_of_passport = apply_passport(passport_of(contract, gateway.base_url or URL), tmp_path)

    expected = without_what_free_calls_do_not_show(contract.document())
    assert expected == without_what_free_calls_do_not_show(contract_of_passport.document())


@pytest.mark.parametrize("place", set(_NOT_SHOWN_BY_FREE_CALLS) - {"/servers/0/variables"})
def test_each_exception_is_needed(place: str) -> None:
    """At each place that the comparison leaves out, a gateway differs from the contract."""
    documents = [contract_of(gateway.name, None).document() for gateway in gateways()]

    assert any(at(CONTRACT.document(), place) != at(document, place) for document in documents)


def test_a_passport_has_the_dialect_that_the_gateway_speaks(tmp_path: Path) -> None:
    """The first dialect is the one that the mock server speaks by default."""
    contract_of_passport = apply_passport(passport_of(CONTRACT, dialect="documented"), tmp_path)

    assert ("documented", "live") == contract_of_passport.dialects()
    assert CONTRACT.document()["x-dialects"] == contract_of_passport.document()["x-dialects"]
    assert ("live", "documented") == CONTRACT.dialects()


def test_client_and_mock_server_take_a_passport_as_it_is(tmp_path: Path) -> None:
    """The client needs nothing else, because the passport has the address too."""
    path = tmp_path / "mine.yaml"
    passport_of(contract_of("presets-by-post", None)).write(path)

    with serve_contract(contract_of(path, None)) as router, KlingElements(TOKEN, gateway=path) as kling:
        task = kling.create(BODY)
        element = kling.wait(task)
        presets = list(kling.presets())
        with pytest.raises(OperationNotOfferedError):
            list(kling.list())
        kling.delete(element.id)
        with pytest.raises(NotFoundError):
            kling.get("nobody")
        called = [call.request.url.path for call in router.calls]

    assert presets
    assert URL == kling.client.base_url
    assert DELETION.replace("delete-elements", "delete-advanced-elements") in called
    assert DELETION not in called


def test_a_gateway_without_presets_gets_a_passport_that_can_be_played(tmp_path: Path) -> None:
    """The examples that nothing uses any more go too."""
    document = deepcopy(CONTRACT.document())
    del document["paths"][CONTRACT.operation("listPresetElements").path]

    contract_of_passport = apply_passport(passport_of(Contract(document)), tmp_path)

    assert CONTRACT.operations().keys() - {"listPresetElements"} == contract_of_passport.operations().keys()
    assert "presets" not in contract_of_passport.document()["components"]["examples"]
    with serve_contract(contract_of_passport), KlingElements(TOKEN, URL, gateway=tmp_path / "mine.yaml") as kling:
        assert [] == list(kling.list())
        with pytest.raises(OperationNotOfferedError):
            list(kling.presets())


def test_an_example_that_something_else_uses_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    source = packaged.contract_source()
    presets = source["components"]["pathItems"]["Presets"]["get"]["responses"]["200"]["content"]["application/json"]
    presets["examples"]["ownTasks"] = {"$ref": "#/components/examples/ownTasks"}
    monkeypatch.setattr(packaged, "contract_source", lambda: source)

    targets = [action["target"] for action in passport_of(contract_of("presets-by-post", None)).overlay["actions"]]

    assert "$.components.pathItems.Elements.get" in targets
    assert "$.components.examples.ownTasks" not in targets


def test_a_passport_says_what_was_seen_and_when(tmp_path: Path) -> None:
    """Each action has the date and an answer; the head of the file says what is still open."""
    passport = passport_of(contract_of("kling-singapore", None))
    passport.write(tmp_path / "mine.yaml")

    assert "2026-11-28" == passport.overlay["info"]["version"]
    assert list(passport.findings) == passport.overlay["info"]["x-seen"]
    for action in passport.overlay["actions"]:
        assert action["description"].startswith("Seen on 2026-11-28: ")
        assert " returned HTTP " in action["description"]
    head = [line for line in (tmp_path / "mine.yaml").read_text("utf-8").splitlines() if line.startswith("#")]
    assert "# - whether R28 holds (A voice only with a video): only creates show it" == head[3][:71]
    assert all(len(line) <= 120 for line in head)


def test_only_the_paths_that_differ_are_replaced() -> None:
    """A gateway with another delete path keeps the others."""
    passport = passport_of(contract_of("presets-by-post", None))

    targets = [action["target"] for action in passport.overlay["actions"]]
    assert f"$.paths['{DELETION}']" in targets
    assert "$.paths.*" not in targets


def test_findings_are_reported() -> None:
    findings = "\n".join(passport_of(contract_of("presets-by-post", None)).findings)

    assert "path prefix: /kling/v1/general" in findings
    assert "(dialect live)" in findings
    assert "error format: the service's own (code, message, request_id)" in findings
    assert f'list: not offered (GET {ELEMENTS} returned HTTP 405, code 1202 "this path accepts only POST")' in findings
    assert "delete path: /kling/v1/general/delete-advanced-elements (POST" in findings
    assert "ids of tasks: numeric strings" in findings
    assert "ids of elements: numbers" in findings


@pytest.mark.parametrize("existing", ["file", "folder", "broken link"])
def test_a_file_is_never_replaced(existing: str, tmp_path: Path) -> None:
    """The message says what to do, and the file stays as it was."""
    path = tmp_path / "mine.yaml"
    match existing:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to(tmp_path / "nothing")
    before = os.lstat(path)

    for write in (passport_of(CONTRACT).write, check_new):
        with pytest.raises(PassportError, match="exists already, and is not replaced; choose another name"):
            write(path)

    assert before == os.lstat(path)
    assert [path] == list(tmp_path.iterdir())


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may create it after the check, and nothing is left of ours."""
    path = tmp_path / "mine.yaml"
    monkeypatch.setattr("kling_elements.passport.check_new", lambda path: path.write_text("theirs"))

    with pytest.raises(PassportError, match="exists already"):
        passport_of(CONTRACT).write(path)

    assert "theirs" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full leaves neither a part of the file nor another one."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)

    with pytest.raises(PassportError, match="cannot be written: No space left on device; choose another folder"):
        passport_of(CONTRACT).write(tmp_path / "mine.yaml")

    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PassportError, match=r"there is no folder .*/missing; create it"):
        passport_of(CONTRACT).write(tmp_path / "missing" / "mine.yaml")


def test_json_needs_no_further_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package for YAML, the message says what to install."""
    passport = passport_of(CONTRACT)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)

    passport.write(tmp_path / "mine.JSON")
    with pytest.raises(PassportError, match=r'to write YAML, install "kling-elements\[cli\]"; .json needs nothing'):
        passport.write(tmp_path / "mine.yaml")

    assert passport.overlay == json.loads((tmp_path / "mine.JSON").read_text("utf-8"))
    assert URL == contract_of(tmp_path / "mine.JSON", None).first_server()
