"""Each value in path and query is escaped to stay one part of the URL, or is refused."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import respx

from contract_tests.reading.paths import ELEMENTS
from contract_tests.support.running import MakeClient
from kling_elements_client import UNSET
from kling_elements_client.api.elements import get_element
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import ContractError
from kling_elements_runtime.parameters import check


@pytest.mark.parametrize(
    ("text", "id_value"),
    [
        ("/e-1", "e-1"),
        ("/7", 7),
        ("/a%2Fb%3Fc%23%20%25", "a/b?c# %"),
        ("/%E4%BB%BB", "\u4efb"),
        (None, ".."),
        (None, ""),
    ],
)
def test_an_id_is_one_part_of_the_path(text: str | None, id_value: Any) -> None:
    """`.` and `..` are refused, because they would change the path. Other characters are escaped."""
    assert (text and ELEMENTS + text) == check(CONTRACT, "getElement", {"id": id_value}).text


def test_an_unset_parameter_is_left_out_of_the_query() -> None:
    """Without any parameter, there is no query."""
    assert ELEMENTS == check(CONTRACT, "listElements", {"pageNum": UNSET, "pageSize": UNSET}).text
    assert f"{ELEMENTS}?pageSize=3" == check(CONTRACT, "listElements", {"pageNum": UNSET, "pageSize": 3}).text


@pytest.mark.parametrize(
    ("value", "expected_message"),
    [
        ("x" * 60_000, "is longer than a URL can be"),
        ("\ud800", "half a surrogate pair"),
        (b"1", "a value of type bytes"),
        (float("nan"), "nan cannot be written"),
        ([[1] * 100], "too large"),
    ],
)
def test_a_value_that_cannot_be_written_is_never_sent(
    value: Any, expected_message: str, make_client: MakeClient, router: respx.MockRouter
) -> None:
    """The violation names the parameter, and can't be ignored."""
    client = make_client(on_violation="ignore")
    route = router.route()

    with pytest.raises(ContractError) as caught:
        get_element.sync(value, client=client)

    assert not route.called
    (violation,) = caught.value.violations
    assert violation.pointer.startswith("/path/id")
    assert expected_message in violation.message


@pytest.mark.parametrize("operation", ["noSuchOperation", "getElement"])
def test_an_unknown_operation_or_parameter_raises_key_error(operation: str) -> None:
    """A wrong name is a mistake in the program and not a violation."""
    for check_parameters in (partial(check, CONTRACT), CONTRACT.parameter_violations):
        with pytest.raises(KeyError, match="noSuch"):
            check_parameters(operation, {"noSuchParameter": 1})
