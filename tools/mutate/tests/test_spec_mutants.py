"""`make proof` changes one constraint of the contract at a time. A witness notices each change, or it is equivalent."""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.reading.paths import ELEMENTS
from kling_elements_client import contract
from kling_elements_runtime.document import walk
from scripts.nodes import follow
from scripts.spec import ROOT, SpecError, load
from tools.mutate import __main__ as command
from tools.mutate import changes, fault_table, proof_parts, spec_mutants
from tools.mutate.equivalents import EQUIVALENTS
from tools.mutate.grammar import KINDS
from tools.mutate.mutants import Mutant, mutants
from tools.mutate.patterns import variants
from tools.mutate.proof_parts import PartResult
from tools.mutate.request_witnesses import request_witnesses
from tools.mutate.response_witnesses import response_witnesses
from tools.mutate.spec_mutants import result_of, try_mutants, untrue_witnesses
from tools.mutate.witness import Candidate, Witness

_CONSTRAINING = {
    *("type", "const", "enum", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern"),
    *("format", "required", "additionalProperties", "uniqueItems", "discriminator", "mapping", "propertyName", "anyOf"),
    *("oneOf", "items", "properties", "x-exact", "x-excluded", "x-image", "x-video", "x-body-size", "x-envelope"),
    *(
        *("x-dialects", "x-absent", "x-duplicate", "x-too-many", "x-deleted-already", "x-deletion", "dialect"),
        *("message-matches", "unique-over", "remains"),
        "x-business-codes",
        "security",
        "responses",
        "parameters",
        "requestBody",
        "content",
        "callbacks",
    ),
    *("max-bytes", "max-values", "one-of", "min-px", "max-long-to-short", "min-seconds", "max-seconds", "headers"),
    *("tolerance-frames", "one-of-px", "pixel-aspect", "success-codes", "task-ids", "task-ids-of-failures", "retry"),
    *("x-aliases", "x-progress", "x-unusable", "x-output-type", "tasks", "lists", "task-ids-of-other-codes"),
    *("http-status", "created", "scheme", "in", "name", "default", "operationId", "get", "post", "schema"),
}
_NAMES_OF_OTHERS = ("properties", "headers", "examples", "x-source", "x-rules", "x-hints", "components", "schemas")


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(load()))
    return document


@cache
def _mutants() -> list[Mutant]:
    return list(mutants(_document()))


@cache
def _witnesses() -> list[Witness]:
    return [*response_witnesses(), *request_witnesses()]


def _of(*pointers: str) -> list[Mutant]:
    return [mutant for mutant in _mutants() if mutant.pointer in pointers]


def _places() -> Iterator[str]:
    """Yield every place of a keyword of `_CONSTRAINING`, except names and parts of examples."""
    for where, node in walk(_document()):
        parent = where.rpartition("/")[2]
        is_data = re.search("/(examples|info|links|variables|tags)(/|$)", where) or where.endswith("/responses")
        if isinstance(node, dict) and not is_data and (parent not in _NAMES_OF_OTHERS or "/properties/" in where):
            names = () if parent == "properties" and not where.endswith("/properties/properties") else node
            without_effect = {"type"} if {"enum", "const"} & node.keys() else set[str]()
            yield from (f"{where}/{name}" for name in names if name in _CONSTRAINING - without_effect)


def test_every_witness_is_true_of_the_contract() -> None:
    """Otherwise it would seem to notice every mutant. No two witnesses share a name."""
    assert untrue_witnesses(_document(), _witnesses()) == []
    assert len(_witnesses()) == len({witness.name for witness in _witnesses()}) > 1500


def test_every_constraint_of_the_contract_has_mutants() -> None:
    """Each constraining keyword is changed at each of its places, in a separate document."""
    changed = {mutant.pointer for mutant in _mutants()}
    places = set(_places()) - {where for where in _places() if re.fullmatch("#/components/[^/]+", where)}

    assert places - changed == set()
    assert len(places) > 380
    assert len(_mutants()) == len({mutant.name for mutant in _mutants()}) > 1600
    assert [mutant.name for mutant in _mutants() if mutant.document == _document()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/proof-and-speed.md"])
def test_the_documents_say_how_many_changes_are_tried(page: str) -> None:
    """The documents give the numbers of mutants and planted faults, rounded down to hundreds."""
    hundreds = [count // 100 * 100 for count in (len(_mutants()), len(fault_table.load()))]
    text = (ROOT / page).read_text("utf-8")
    assert hundreds == [int(number.replace(",", "")) for number in re.findall(r"(?i)more than ([\d,]+)", text)]


def test_mutants_leave_the_document_unchanged() -> None:
    document = copy.deepcopy(_document())
    for _ in mutants(document):
        pass

    assert _document() == document


@pytest.mark.parametrize("kind", ["schema", "operation", "response", "limits", "document"])
def test_an_unknown_keyword_is_an_error(kind: str) -> None:
    """Otherwise a constraint would get no mutants. The error names the place and the file to extend."""
    places = {
        "schema": "#/components/schemas/TagId",
        "operation": "#/paths/~1kling~1v1~1general~1delete-elements/post",
        "response": "#/components/responses/BadRequest",
        "limits": "#/components/schemas/ImageBase64/x-image/format",
        "document": "#",
    }
    document = copy.deepcopy(_document())
    node = document if kind == "document" else follow(document, places[kind])
    node["multipleOf"] = 2

    with pytest.raises(
        SpecError, match=rf"^{re.escape(places[kind])}: .*'multipleOf'.* '{kind}'; add it to tools/mutate"
    ):
        list(mutants(document))


def test_every_equivalent_is_a_mutant_and_has_a_reason() -> None:
    """Otherwise it could be left over from an older contract."""
    assert EQUIVALENTS.keys() <= {mutant.name for mutant in _mutants()}
    assert all(len(reason.split()) > 8 for reason in EQUIVALENTS.values())


@pytest.mark.parametrize(
    "pointer",
    [
        "#/components/schemas/ElementName/maxLength",
        "#/components/schemas/ElementImageList/properties/refer_images/minItems",
        "#/components/schemas/TagId/enum",
        "#/components/schemas/ReferImage/required",
        "#/components/schemas/ImageElementRequest/properties/reference_type/const",
        "#/components/schemas/ImageBase64/x-image/aspect-ratio/max-long-to-short",
        "#/components/schemas/ReferVideo/properties/video_url/x-video/displayed-size/one-of-px",
        "#/components/parameters/PageSize/schema/default",
        "#/paths/~1kling~1v1~1general~1delete-elements/post/security",
        "#/paths/~1kling~1v1~1general~1delete-elements/post/responses",
        "#/x-business-codes/1303/retry",
        "#/x-dialects",
        "#/paths/~1kling~1v1~1general~1advanced-custom-elements~1{id}/get/x-absent/0/message-matches",
        "#/paths/~1kling~1v1~1general~1advanced-custom-elements/post/x-duplicate/1/unique-over",
        "#/paths/~1kling~1v1~1general~1advanced-custom-elements/post/x-too-many",
        "#/paths/~1kling~1v1~1general~1delete-elements/post/x-deletion/live/remains",
        "#/components/schemas/Task/x-aliases",
        "#/components/schemas/TaskStatus/x-progress",
        "#/components/schemas/Element/properties/status/x-unusable",
        "#/components/schemas/Element/x-output-type",
        "#/components/schemas/TaskResponse/x-envelope/tasks",
        "#/components/schemas/TaskListResponse/x-envelope/lists",
        "#/components/schemas/TaskResponse/x-envelope/task-ids-of-other-codes",
    ],
)
def test_mutants_of_the_contract_are_killed(pointer: str) -> None:
    """The test tries a few of each kind, and `make proof` all of them."""
    tried = _of(pointer)
    outcome = result_of(try_mutants(tried, _witnesses()), {})

    assert outcome == PartResult(f"{len(tried)} of {len(tried)} mutants killed, 0 equivalent")
    assert tried


def test_a_surviving_mutant_is_reported() -> None:
    """The line gives its place and its change, and the proof fails."""
    (mutant,) = [mutant for mutant in _of("#/components/schemas/ElementName/maxLength") if "21" in mutant.change]
    name = "#/components/schemas/ElementName/maxLength: 20 -> 21"
    blind = [witness for witness in _witnesses() if "R04-accepted" in witness.name]

    assert result_of(try_mutants([mutant], blind), {}) == PartResult(
        "0 of 1 mutants killed, 0 equivalent", (f"survives: {name}",)
    )
    assert result_of(try_mutants([mutant], blind), {name: "why"}) == PartResult("0 of 1 mutants killed, 1 equivalent")


def test_a_wrong_or_outdated_equivalent_is_reported() -> None:
    """The line says what to delete from the table."""
    mutant = Mutant("#/a", "dropped", None, {})
    witness = Witness("somebody", lambda _: False, frozenset())
    outcome = result_of([(mutant, witness)], {"#/a: dropped": "why", "#/b: dropped": "why"})

    assert outcome.problems == (
        "is not equivalent: somebody notices it; delete it from equivalents.py: #/a: dropped",
        "is not a mutant any more; delete it from equivalents.py: #/b: dropped",
    )


def test_the_proof_runs_all_its_parts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The proof makes mutants, asks witnesses and counts equivalents. A survivor leads to exit code 1."""
    pointers = ("#/components/schemas/TaskInfo/type", "#/components/parameters/PageSize/schema/maximum")
    monkeypatch.setattr(spec_mutants, "mutants", lambda _: _of(*pointers))
    monkeypatch.setattr(spec_mutants, "request_witnesses", _witnesses)
    monkeypatch.setattr(spec_mutants, "response_witnesses", list)
    equivalents = {name: reason for name, reason in EQUIVALENTS.items() if "TaskInfo" in name}
    monkeypatch.setattr(spec_mutants, "EQUIVALENTS", equivalents)
    monkeypatch.setattr(spec_mutants, "untrue_witnesses", lambda *_: [])

    assert spec_mutants.main() == 0
    monkeypatch.setattr(
        command, "PARTS", {name: part for name, part in command.PARTS.items() if name == spec_mutants.NAME}
    )
    assert command.main() == 0
    assert 2 == capsys.readouterr().out.count(f"spec mutants: holds; {len(_of(*pointers)) - 1} of ")

    monkeypatch.setattr(spec_mutants, "EQUIVALENTS", {})
    assert spec_mutants.main() == 1
    assert "survives: #/components/schemas/TaskInfo/type: also null\nspec mutants: FAILED" in capsys.readouterr().out


def test_a_witness_against_the_contract_itself_ends_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a witness proves nothing about a mutant."""
    monkeypatch.setattr(spec_mutants, "response_witnesses", lambda: [Witness("nonsense", lambda _: False, frozenset())])
    monkeypatch.setattr(spec_mutants, "request_witnesses", list)

    assert spec_mutants.prove() == PartResult("no mutant was tried", ("not true of the contract itself: nonsense",))


def test_messages_of_the_mock_server_about_a_mutant_are_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages about the contract itself are shown. The mutant's page size is a string, which SQLite refuses."""

    def is_refused(candidate: Candidate) -> bool:
        return candidate.caller.send("GET", f"{ELEMENTS}?pageSize=five").status == HTTPStatus.BAD_REQUEST

    def prints_something(_: Candidate) -> bool:
        sys.stderr.write("said\n")
        return True

    witnesses = [Witness("a text", is_refused, frozenset()), Witness("a talker", prints_something, frozenset())]
    monkeypatch.setattr(spec_mutants, "mutants", lambda _: _of("#/components/parameters/PageSize/schema/type"))
    monkeypatch.setattr(spec_mutants, "response_witnesses", lambda: witnesses)
    monkeypatch.setattr(spec_mutants, "request_witnesses", list)
    monkeypatch.setattr(spec_mutants, "EQUIVALENTS", {})

    outcome = spec_mutants.prove()

    assert outcome.summary.startswith("2 of 7 mutants killed")
    assert "said\n" == capsys.readouterr().err


def test_a_witness_that_raises_counts_against_the_mutant() -> None:
    """The witness's error counts as a failed check, as in a test."""
    assert Witness("one", lambda candidate: bool(candidate.document["a"]), frozenset()).testifies_against(Candidate({}))


def test_all_parts_run_even_if_one_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Each part has a line in the output, with its problems above."""
    code = proof_parts.run_parts({"one": lambda: PartResult("nothing", ("bad",)), "two": lambda: PartResult("much")})

    assert code == 1
    assert re.fullmatch(
        r"bad\none: FAILED; nothing, in \d+\.\d s\ntwo: holds; much, in \d+\.\d s\n", capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("expected", "pattern"),
    [
        (["b", "a"], "ab"),
        (["b", "a", "|b", "a|"], "a|b"),
        (["", "a", "a+"], "a*"),
        (["", "a", "a*"], "a+"),
        (["", "a", "a*"], "a?"),
        (["", "a", "a{1}", "a{3}", "a{2,}"], "a{2}"),
        (["", "[b-d]", "[a]"], "[ab-d]"),
        (["", r"[^\]]", "[^a]"], r"[^a\]]"),
        (["", "[a]", "[a]*"], "[a]?"),
        (["$", "^"], "^$"),
        (["", "(?:b)", "(?:a)", "(?:|b)", "(?:a|)"], "(?:a|b)"),
    ],
)
def test_a_pattern_has_a_variant_for_each_part(expected: list[str], pattern: str) -> None:
    """The variants differ. Each lacks a part, repeats one more or less often, or lacks a character of a class."""
    actual = list(variants(pattern))

    assert set(expected) == set(actual)
    assert len(actual) == len(set(actual))


@pytest.mark.parametrize("pattern", ["(a)", "a**", "a{1,2}", "(?:a", "a)", "[a", "*", "a|+"])
def test_a_pattern_of_unknown_parts_is_an_error(pattern: str) -> None:
    """Otherwise these parts would be ignored."""
    with pytest.raises(ValueError, match="pattern"):
        list(variants(pattern))


def test_every_variant_of_a_pattern_of_the_contract_is_a_pattern() -> None:
    """Otherwise a mutant could be killed because it is invalid."""
    changed = [mutant for mutant in _mutants() if mutant.pointer.endswith("/pattern") and "->" in mutant.change]

    for mutant in changed:
        jsonschema_rs.Draft202012Validator({"pattern": follow(mutant.document, mutant.pointer)})
    assert len(changed) > 90


@pytest.mark.parametrize(
    ("change", "node", "expected"),
    [
        (changes.change_number, {"k": 3}, [{}, {"k": 2}, {"k": 4}]),
        (changes.change_required_number, {"k": 2.5}, [{"k": 2.499}, {"k": 2.501}]),
        (changes.change_word, {"k": "a"}, [{"k": "A"}]),
        (changes.change_word, {"k": "A9"}, [{"k": "A10"}]),
        (changes.change_word, {"k": "5XX"}, [{"k": "5xx"}]),
        (changes.drop_or_change_word, {"k": "o_009"}, [{}, {"k": "o_010"}]),
        (changes.flip, {"k": False}, [{"k": True}]),
        (changes.change_additional, {"k": True}, [{"k": False}]),
        (changes.change_additional, {"k": False}, [{}, {"k": True}]),
        (changes.change_members, {"k": [1, 2]}, [{"k": [2]}, {"k": [1]}, {"k": [1, 2, 3]}]),
        (changes.change_words("z"), {"k": ["a", "b"]}, [{"k": ["b"]}, {"k": ["a"]}, {"k": ["a", "b", "z"]}]),
        (
            changes.change_word_lists("z"),
            {"k": {"x": ["a"], "y": ["b"]}},
            [
                *({"k": {"y": ["b"]}}, {"k": {"x": ["a"]}}),
                *({"k": {"x": [], "y": ["b"]}}, {"k": {"x": ["a", "z"], "y": ["b"]}}),
                *({"k": {"x": ["a"], "y": []}}, {"k": {"x": ["a"], "y": ["b", "z"]}}),
            ],
        ),
        (changes.change_word_lists(), {"k": {"x": ["a"]}}, [{"k": {}}, {"k": {"x": []}}, {"k": {"x": ["a", "A"]}}]),
        (changes.change_items, {"k": {}, "uniqueItems": True, "minItems": 1}, [{"uniqueItems": True, "minItems": 1}]),
        (changes.change_to_other("a", "b", "c"), {"k": "b"}, [{"k": "a"}, {"k": "c"}]),
        (changes.change_pointers("/a", "/b"), {"k": ["/a"]}, [{"k": []}, {"k": ["/a", "/b"]}]),
        (changes.change_security, {"k": []}, [{}, {"k": [{"bearerToken": []}]}]),
        (changes.rename_members, {"k": {"a": 1, "A": 2}}, [{"k": {"A": 2}}, {"k": {"a": 1}}]),
    ],
)
def test_a_constraint_is_dropped_loosened_and_tightened_by_one(
    change: Callable[[Any, str], Any], node: dict[str, Any], expected: list[Any]
) -> None:
    """Each change has a description, and leaves the original object unchanged."""
    before = copy.deepcopy(node)
    yielded = list(change(node, "k"))

    assert [changed for _, changed in yielded] == expected
    assert all(description for description, _ in yielded)
    assert node == before


def test_the_grammar_refers_only_to_kinds_that_exist() -> None:
    kinds = {member.kind for members in KINDS.values() for member in members.values()} - {None}

    assert kinds <= KINDS.keys()


def test_a_candidate_has_one_server_for_each_dialect() -> None:
    """Witnesses share its elements."""
    candidate = Candidate(contract.document())
    servers = [candidate.caller_in_dialect(dialect).app for dialect in ("live", "documented", "live")]
    candidate.close()

    assert servers[0] is servers[2] is not servers[1]
