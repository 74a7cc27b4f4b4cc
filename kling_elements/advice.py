"""Advice in the messages of violations: what to do about an image that breaks a rule."""

from __future__ import annotations

from attrs import evolve

from kling_elements_client.errors import Violation

_FIT = "; kling_elements.media.fit_image makes a copy that conforms"
_PLUGIN = ", once pillow_heif.register_heif_opener() of the package pillow-heif was called"
_ADVICE = {"none": "", "fit": _FIT, "plugin": _FIT + _PLUGIN}  # by remedy


def with_advice(violation: Violation) -> Violation:
    """Return a violation whose message ends with the advice for its remedy."""
    return evolve(violation, message=violation.message + _ADVICE[violation.remedy])


def without_advice(violation: Violation) -> Violation:
    """Return a violation whose message does not end with the advice that `with_advice` adds."""
    return evolve(violation, message=violation.message.removesuffix(_ADVICE[violation.remedy]))
