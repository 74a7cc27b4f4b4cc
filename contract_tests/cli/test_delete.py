"""Elements are deleted with `kling-elements delete`."""

from __future__ import annotations

import pytest

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process
from contract_tests.support.documents import example
from kling_elements import KlingElements, RequestTimeoutError
from kling_elements.cli.exits import Exit
from kling_elements.testing.gateway import MockGateway


@pytest.fixture
def elements(kling_mock: MockGateway) -> list[str]:
    """Create two elements, and return their ids."""
    with KlingElements(kling_mock.token, kling_mock.url) as kling:
        return [kling.wait(kling.create(example("sample"))).id for _ in range(2)]


def test_delete_removes_elements(kling_elements: CommandLine, elements: list[str], kling_mock: MockGateway) -> None:
    """Deleting an element twice is not an error. With --json, each element gets a line."""
    assert "".join(f"deleted {element}\n" for element in elements) == kling_elements("delete", *elements).out
    assert [True, True] == [task["deleted"] for task in kling_mock.tasks()]
    assert [{"deleted": elements[0]}] == kling_elements("delete", elements[0], "--json").lines()


def test_delete_needs_an_id(kling_elements: CommandLine) -> None:
    """The next command shows the ids."""
    result = kling_elements("delete")

    assert Exit.USAGE == result.code
    assert "next: kling-elements list\n" in result.err


@pytest.mark.parametrize(("was_sent", "code"), [(True, Exit.UNKNOWN), (False, Exit.NOT_REACHED)])
def test_a_lost_response_ends_with_the_command_to_repeat(
    kling_elements: CommandLine,
    elements: list[str],
    monkeypatch: pytest.MonkeyPatch,
    was_sent: bool,  # noqa: FBT001
    code: Exit,
) -> None:
    """Repeating a delete is safe. Elements that were deleted before the failure are left out."""
    delete = KlingElements.delete

    def lose_second(kling: KlingElements, element: str) -> object:
        if element == elements[1]:
            raise RequestTimeoutError("no response came", was_sent)
        return delete(kling, element)

    monkeypatch.setattr(KlingElements, "delete", lose_second)

    result = kling_elements("delete", *elements)

    assert (code, f"deleted {elements[0]}\n") == (result.code, result.out)
    assert was_sent == (f"next: kling-elements delete {elements[1]}\n" in result.err)


def test_an_id_without_an_element_is_refused_with_what_to_do(
    kling_elements: CommandLine, kling_mock: MockGateway, elements: list[str]
) -> None:
    """The message says how to find the element id, because people confuse it with the task id."""
    task_id = kling_mock.tasks()[0]["task_id"]
    assert elements

    result = kling_elements("delete", task_id, "--json")

    assert (Exit.REFUSED_BY_GATEWAY, 1201) == (result.code, result.json()["error"]["code"])
    assert f"the gateway has no element {task_id} (" in result.err
    assert result.err.endswith("next: kling-elements list\n")


@pytest.mark.kling_mock(token="the-right-key")
def test_other_refusals_are_reported_unchanged(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused key gets no advice about element ids."""
    monkeypatch.setenv("KLING_API_KEY", "another-key")

    assert 401 == kling_elements("delete", "1", "--json").json()["error"]["status_code"]


def test_delete_as_a_process(env: dict[str, str], elements: list[str]) -> None:
    """The output is the same with and without a terminal."""
    assert f"deleted {elements[0]}\n" == run_process(["delete", elements[0]], env).out
    assert f"deleted {elements[1]}\n" == run_in_terminal(["delete", elements[1]], env).out
