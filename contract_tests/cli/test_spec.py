"""The contract is printed with `kling-elements spec`."""

from __future__ import annotations

import json

import pytest
from ruamel.yaml import YAML
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process
from kling_elements.cli.request_schema import request_schema
from kling_elements.gateway_catalog import contract_of
from kling_elements_client.contract import CONTRACT


@pytest.mark.parametrize("arguments", [[], ["--format", "yaml"]])
def test_the_contract_is_written_as_yaml(arguments: list[str], kling_elements: CommandLine) -> None:
    """Multi-line strings are written as blocks."""
    result = kling_elements("spec", *arguments)

    assert (0, "") == (result.code, result.err)
    assert CONTRACT.document() == YAML(typ="safe", pure=True).load(result.out)
    assert "  description: |\n" in result.out


def test_the_contract_is_written_as_json(kling_elements: CommandLine) -> None:
    assert CONTRACT.document() == kling_elements("spec", "--format", "json").json()


def test_json_is_one_line(kling_elements: CommandLine) -> None:
    assert [CONTRACT.document()] == kling_elements("spec", "--json").lines()
    assert [request_schema(CONTRACT)] == kling_elements("spec", "--format", "jsonschema", "--json").lines()


def test_json_and_yaml_contradict_each_other(kling_elements: CommandLine) -> None:
    result = kling_elements("spec", "--format", "yaml", "--json")

    assert 2 == result.code
    assert "--json and --format yaml contradict each other" in result.err


def test_the_document_of_a_gateway_is_printed(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its overlay is applied, and the JSON Schema of request files follows it too."""
    singapore = contract_of("kling-singapore", None)

    assert [singapore.document()] == kling_elements("spec", "--gateway", "kling-singapore", "--json").lines()
    assert (
        request_schema(singapore)
        == kling_elements("spec", "--gateway", "kling-singapore", "--format", "jsonschema").json()
    )
    monkeypatch.setenv("KLING_GATEWAY", "kling-singapore")
    assert [singapore.document()] == kling_elements("spec", "--json").lines()
    assert singapore.document() != CONTRACT.document()


def test_the_schema_in_a_pipe_is_only_the_schema(env: dict[str, str]) -> None:
    result = run_process(["spec", "--format", "jsonschema"], env)

    assert (0, "") == (result.code, result.err)
    assert request_schema(CONTRACT) == result.json()


def test_a_terminal_says_how_to_use_the_schema(env: dict[str, str]) -> None:
    """The hint shows the line for the top of a request file."""
    result = run_in_terminal(["spec", "--format", "jsonschema"], env)

    assert 0 == result.code
    assert "# yaml-language-server: $schema=element.schema.json\n" in result.out
    assert request_schema(CONTRACT) == json.loads(result.out[result.out.index("{") :])


def test_help_of_spec(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements("spec", "--help").out
