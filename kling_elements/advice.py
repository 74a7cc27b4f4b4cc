"""Add advice to the messages of violations: how to repair an image, and which gateways allow what a rule forbids."""

from __future__ import annotations

from attrs import evolve

from kling_elements_client.errors import Violation
from kling_elements_client.gateways import LIFTED_RULES

_FIT = "; kling_elements.media.fit_image makes a copy that conforms"
_PLUGIN = ", once you have called pillow_heif.register_heif_opener() of the package pillow-heif"
_ADVICE_BY_REMEDY = {"none": "", "fit": _FIT, "plugin": _FIT + _PLUGIN}


def with_advice(violation: Violation) -> Violation:
    """Return a violation with the advice for its remedy and its rule at the end of its message."""
    return evolve(violation, message=violation.message + _advice(violation))


def without_advice(violation: Violation) -> Violation:
    """Return a violation without the advice that `with_advice` adds to its message."""
    return evolve(violation, message=violation.message.removesuffix(_advice(violation)))


def advice_on_rule(rule: str, gateway: str, relax: str) -> str:
    """Return advice for a rule that some gateways lift, or an empty string if every gateway enforces it.

    Args:
        rule: The id of the rule.
        gateway: The way to choose a gateway, with `%s` for its name.
        relax: The way to relax a rule, with `%s` for its id.
    """
    names = LIFTED_RULES.get(rule)
    if names is None:
        return ""
    return f"; some gateways allow this: {', '.join(gateway % name for name in names)}; or use {relax % rule}"


def _advice(violation: Violation) -> str:
    return _ADVICE_BY_REMEDY[violation.remedy] + advice_on_rule(violation.rule, 'gateway="%s"', 'relax={"%s"}')
