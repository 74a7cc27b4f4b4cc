"""Absent values of a model are the single object `UNSET`, even in copies."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest

from contract_tests.reading.image_body import BODY
from kling_elements_client import UNSET, Unset
from kling_elements_client.models import ImageElementRequest


def _pickle(value: Any, protocol: int | None = None) -> Any:
    return pickle.loads(pickle.dumps(value, protocol))


_AGAIN: dict[str, Callable[[], Unset]] = {
    "made": Unset,
    "copied": lambda: copy.copy(UNSET),
    "copied deeply": lambda: copy.deepcopy(UNSET),
    "copied in a list": lambda: copy.deepcopy([UNSET])[0],
    **{f"pickled by {number}": partial(_pickle, UNSET, number) for number in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("again", _AGAIN.values(), ids=_AGAIN)
def test_unset_is_a_singleton(again: Callable[[], Unset]) -> None:
    """`is` works even after a copy or a pickle."""
    assert UNSET is again()


def test_unset_is_false_and_its_repr_is_clear() -> None:
    """`if model.tag_list` therefore checks whether there is a value."""
    assert not UNSET
    assert "UNSET" == repr(UNSET) == str(UNSET)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, _pickle, attrs.evolve])
def test_a_copied_model_lacks_the_same_values(clone: Callable[[Any], Any]) -> None:
    """The copy produces the same request."""
    model = ImageElementRequest.from_dict(BODY)

    assert model == clone(model)
    assert BODY == clone(model).to_dict()
    assert clone(model).tag_list is UNSET
