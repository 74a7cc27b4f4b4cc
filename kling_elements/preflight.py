"""What is looked at before a create is sent: the request, the images in it and, when asked, what lies at addresses."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias, get_args

from attrs import evolve, frozen

from kling_elements.media.reports import ImageReport, VideoReport
from kling_elements.outside import Outside
from kling_elements.requests import CreateRequest
from kling_elements_client.contract import CheckedRequest
from kling_elements_client.errors import Violation
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.document import Node, walk

_ADVICE = "kling_elements.media.fit_image makes a copy that conforms"
_BEYOND_HELP = ("was cut", "it is empty", "with a whole header", "HTML")  # how messages about such files end
_PLUGIN = ", once pillow_heif.register_heif_opener() of the package pillow-heif was called"
Preflight: TypeAlias = Literal["inline", "remote", "off"]


@frozen
class PreflightPolicy:
    """How much of the media is looked at.

    Attributes:
        preflight: `inline`: images in the request; `remote`: also what lies at addresses; `off`: no header at all.
        allow_private: Whether addresses may lead to this machine or into a private network.
        strip_metadata: Whether images in the request are sent without their metadata.
    """

    preflight: Preflight = "inline"
    allow_private: bool = False
    strip_metadata: bool = False

    def __attrs_post_init__(self) -> None:
        if self.preflight not in get_args(Preflight):  # the validator of attrs would show all of the field, too
            raise ValueError(f"preflight must be 'inline', 'remote' or 'off', not {self.preflight!r}")


def check(io: Outside, request: CreateRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return a request as it will be sent, however often, with what is wrong with it. Files must remain as they are."""
    checked = io.contract.check(
        "createElement",
        request,
        judge_media=policy.preflight != "off",
        strip_metadata=policy.strip_metadata,
        read=partial(_content_of, contract=io.contract),
    )
    return evolve(checked, violations=_advised(checked.violations, io.contract))


def _content_of(source: object, contract: Contract) -> bytes:
    """Return the bytes of a fitted image, a PIL image or a file object.

    Raises:
        MediaError: It cannot be read, or is none of these.
    """
    # what reads images is loaded here, as most requests have addresses or paths
    from kling_elements.media.sources import content_of  # noqa: PLC0415

    return content_of(source, contract)


def _rules_of_images(document: Node) -> frozenset[str]:
    found = [node["x-image"] for _, node in walk(document) if isinstance(node, dict) and "x-image" in node]
    return frozenset(part["x-source"] for limits in found for part in limits.values())


def _advised(violations: list[Violation], contract: Contract) -> list[Violation]:
    """Return violations with what to do about images that do not conform."""
    if not violations:
        return violations
    rules = contract.read(_rules_of_images)

    def advised(violation: Violation) -> Violation:
        message = violation.message
        if violation.rule not in rules or message.endswith(_BEYOND_HELP):
            return violation
        return Violation(violation.pointer, violation.rule, f"{message}; {_ADVICE}{_PLUGIN * message.endswith('HEIC')}")

    return [advised(violation) for violation in violations]


async def look(io: Outside, checked: CheckedRequest, policy: PreflightPolicy) -> CheckedRequest:
    """Return the same request, with what is wrong with the media that it names by their addresses.

    Raises:
        MediaError: One of them cannot be read.
    """
    if policy.preflight != "remote" or checked.violations:
        return checked
    reports: dict[tuple[str, str], ImageReport | VideoReport] = {}
    found: list[Violation] = []
    for address in io.contract.addresses(checked):
        key = address.keyword, address.url
        if key not in reports:
            reports[key] = await io.inspect(*key, allow_private=policy.allow_private)
            for rule, reason in reports[key].unjudged:
                io.log(f"{address.pointer}: not judged by {rule}: {reason}")
        found += [Violation(address.pointer, broken.rule, broken.message) for broken in reports[key].violations]
    return evolve(checked, violations=found)
