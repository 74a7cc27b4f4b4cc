"""Check a create before it is sent: the request, its images and, if you ask for it, the media at URLs."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias, get_args

from attrs import evolve, frozen

from kling_elements.advice import with_advice
from kling_elements.lifecycle.create_request import CreateRequest
from kling_elements.lifecycle.effects import Effects
from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements_client.api.elements import create_element
from kling_elements_client.contract import CheckedRequest
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.relaxing import enforced

Preflight: TypeAlias = Literal["inline", "remote", "off"]


@frozen
class PreflightPolicy:
    """The checks and changes of media before a create is sent.

    Attributes:
        preflight: Which media to check. `inline`: images in the request; `remote`: also media at URLs; `off`: none.
        allow_private: Whether URLs may point to this machine or a private network.
        strip_metadata: Whether to send the images in the request without their metadata.
    """

    preflight: Preflight = "inline"
    allow_private: bool = False
    strip_metadata: bool = False

    def __attrs_post_init__(self) -> None:
        if self.preflight not in get_args(Preflight):  # an attrs validator's message would be longer than the mistake
            raise ValueError(f"preflight must be 'inline', 'remote' or 'off', not {self.preflight!r}")


def check(effects: Effects, request: CreateRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return a request as it will be sent, with its violations. Files must not change until the create is over."""
    checked = effects.contract.check(
        create_element.OPERATION_ID,
        request,
        check_media=policy.preflight != "off",
        strip_metadata=policy.strip_metadata,
        read=partial(_content_of, contract=effects.contract),
    )
    relaxed = effects.client.relaxed_rules
    return evolve(checked, violations=[v if v.rule in relaxed else with_advice(v) for v in checked.violations])


def _content_of(source: object, contract: Contract) -> bytes:
    """Return the bytes of a fitted image, a PIL image or a file object.

    Raises:
        MediaError: The source cannot be read, or is none of these.
    """
    # loaded here, because most requests contain only URLs or paths
    from kling_elements.media.sources import content_of  # noqa: PLC0415

    return content_of(source, contract)


async def check_remote(effects: Effects, checked: CheckedRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Check the media at the URLs of a request if the policy is `remote`, and add their violations to the request.

    Raises:
        MediaError: The media at a URL cannot be read.
    """
    if policy.preflight != "remote" or enforced(checked.violations, effects.client.relaxed_rules):
        return checked
    reports: dict[tuple[str, str], ImageReport | VideoReport] = {}
    violations = list(checked.violations)
    for address in effects.contract.addresses(checked):
        key = address.keyword, address.url
        if key not in reports:
            reports[key] = await effects.inspect(*key, allow_private=policy.allow_private)
            for rule, reason in reports[key].unchecked:
                effects.log(f"{address.pointer}: not checked against {rule}: {reason}")
        violations += [evolve(broken, pointer=address.pointer) for broken in reports[key].violations]
    return evolve(checked, violations=violations)
