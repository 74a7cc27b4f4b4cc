"""Reports on images and videos, with the rules that they break."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kling_elements.media.reports import ImageReport, VideoReport, describe_violations
from kling_elements_client.errors import Violation

_TOO_SMALL = Violation("", "R16", "both sides must have at least 300 px")
_TOO_LARGE = Violation("", "R15", "the file is too large")


def test_only_a_report_without_violations_conforms() -> None:
    """Unchecked rules don't count as violations."""
    unchecked = (("R15", "the server does not send the file's size"),)

    assert ImageReport(source="a.jpg", size_bytes=None, unchecked=unchecked).conforms
    assert not ImageReport(source="a.jpg", size_bytes=1, violations=(_TOO_SMALL,)).conforms


@pytest.mark.parametrize(
    ("width", "height", "ratio"), [(1920, 1080, Fraction(16, 9)), (None, 1080, None), (1920, None, None), (1, 0, None)]
)
def test_the_ratio_is_exact_or_unknown(width: int | None, height: int | None, ratio: Fraction | None) -> None:
    assert ratio == VideoReport(source="a.mp4", size_bytes=1, width_px=width, height_px=height).ratio


def test_the_violations_are_described_in_one_line() -> None:
    """Each message is followed by the id of its rule."""
    report = ImageReport(source="a.jpg", size_bytes=1, violations=(_TOO_LARGE, _TOO_SMALL))

    expected = "the file is too large (R15); both sides must have at least 300 px (R16)"
    assert expected == describe_violations(report)
