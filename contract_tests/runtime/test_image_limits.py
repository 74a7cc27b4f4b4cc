"""The limits of images are read from the contract with their rules. If a part is missing, the error names it."""

from __future__ import annotations

from typing import Any

import pytest

from kling_elements_runtime.image_limits import AspectRatio, DisplayedSides, FileSize, Formats, ImageLimits


def _node() -> dict[str, Any]:
    return {
        "format": {"x-source": "A1", "one-of": ["jpeg", "png"]},
        "file-size": {"x-source": "A2", "max-bytes": 10},
        "displayed-sides": {"x-source": "A3", "min-px": 3},
        "aspect-ratio": {"x-source": "A4", "max-long-to-short": 2.5},
    }


def test_each_limit_is_read_with_its_rule() -> None:
    """The values are immutable, so they can be compared and shared."""
    expected = ImageLimits(
        Formats("A1", ("jpeg", "png")), FileSize("A2", 10), DisplayedSides("A3", 3), AspectRatio("A4", 2.5)
    )

    assert expected == ImageLimits.of(_node())
    assert hash(expected) == hash(ImageLimits.of(_node()))


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, limit in _node().items() for part in limit])
def test_the_error_names_the_place_of_a_missing_part(name: str, part: str) -> None:
    node = _node()
    del node[name][part]

    with pytest.raises(LookupError, match=rf"^/{name}/{part}$"):
        ImageLimits.of(node)


def test_the_error_names_the_first_part_of_a_missing_limit() -> None:
    with pytest.raises(LookupError, match=r"^/format/x-source$"):
        ImageLimits.of({})
