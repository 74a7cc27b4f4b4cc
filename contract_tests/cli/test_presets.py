"""The preset elements are listed with `kling-elements presets`."""

from __future__ import annotations

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes


def test_presets_are_listed(kling_elements: CommandLine) -> None:
    """The owner of each preset is the vendor."""
    values = kling_elements("presets", "--limit", "2", "--json").lines()

    assert ["kling", "kling"] == [value["elements"][0]["owned_by"] for value in values]


def test_presets_as_a_process(env: dict[str, str]) -> None:
    """A terminal also gets a heading."""
    arguments = ["presets", "--limit", "1"]
    on_terminal = without_escapes(run_in_terminal(arguments, env).out).splitlines()

    assert run_process(arguments, env).out.splitlines() == on_terminal[1:]
