"""Add advice to the messages of violations: how to repair an image that breaks a rule."""

from __future__ import annotations

from attrs import evolve

from kling_elements_client.errors import Violation

_FIT = "; kling_elements.media.fit_image makes a copy that conforms"
_PLUGIN = ", once you have called pillow_heif.register_heif_opener() of the package pillow-heif"
_ADVICE = {"none": "", "fit": _FIT, "plugin": _FIT + _PLUGIN}  # by remedy


def with_advice(violation: Violation) -> Violation:
    """Return a violation with the advice for its remedy at the end of its message."""
    return evolve(violation, message=violation.message + _ADVICE[violation.remedy])


def without_advice(violation: Violation) -> Violation:
    """Return a violation without the advice that `with_advice` adds to its message."""
    return evolve(violation, message=violation.message.removesuffix(_ADVICE[violation.remedy]))
