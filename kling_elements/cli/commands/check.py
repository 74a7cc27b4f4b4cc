"""`kling-elements check`: check request files, images, videos, addresses and folders."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from kling_elements.cli import request_files
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.kinds import Kind, kind_of_address, kind_of_file
from kling_elements.cli.output import Output
from kling_elements.cli.terminal import coloured
from kling_elements.media import check_image, check_video
from kling_elements.media.range_client import redacted_url
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError, Violation


@frozen
class _Look:
    """How to look at addresses.

    Attributes:
        remote: Whether to read what is at them.
        allow_private: Whether they may point to this machine or a private network.
    """

    remote: bool = False
    allow_private: bool = False


@frozen
class _Result:
    """What the check of one source found.

    Attributes:
        source: The file, or an address without its query.
        kind: What it was checked as.
        violations: The rules that it breaks.
        facts: Human-readable facts about an image or a video.
        unchecked: Pairs of a rule's id and the reason why it could not be checked.
    """

    source: str
    kind: Kind
    violations: tuple[Violation, ...] = ()
    facts: str = ""
    unchecked: tuple[tuple[str, str], ...] = ()

    @property
    def can_be_fitted(self) -> bool:
        """Whether `kling-elements fit` could make a conforming copy."""
        if "://" in self.source or not self.violations:
            return False
        if self.kind is Kind.IMAGE:
            return all(violation.remedy != "none" for violation in self.violations)
        return self.kind is Kind.VIDEO and bool(self.facts)  # a video whose header cannot be read can't be repaired

    @property
    def status(self) -> str:
        """`ok`, `refused` or `skipped`."""
        if self.kind is Kind.OTHER:
            return "skipped"
        return "refused" if self.violations else "ok"

    def json(self) -> dict[str, Any]:
        """Return the result as a JSON value."""
        return {
            "source": self.source,
            "kind": self.kind,
            "status": self.status,
            "violations": [
                {"rule": violation.rule, "pointer": violation.pointer, "message": violation.message}
                for violation in self.violations
            ],
            "unchecked": [{"rule": rule, "reason": reason} for rule, reason in self.unchecked],
        }

    def line(self) -> str:
        """Return the result as one human-readable line."""
        reasons = "; ".join(
            f"{f'{violation.pointer}: ' if violation.pointer else ''}{violation.message} [{violation.rule}]"
            for violation in self.violations
        )
        unchecked = "; ".join(f"{rule} not checked: {reason}" for rule, reason in self.unchecked)
        details = "  ".join(filter(None, [self.facts, reasons, unchecked]))
        colour = {"ok": "green", "refused": "red"}.get(self.status, "")
        return f"{coloured(f'{self.status:<7}', colour, sys.stdout)}  {self.source}  {details}".rstrip()


def command(*sources: str, remote: bool = False, allow_private: bool = False, output: Output = Output()) -> int:
    """Check request files, images, videos, addresses and folders against the rules, and send nothing.

    Args:
        sources: Files, folders and addresses. In a folder, all files are checked, also those in folders in it; files
            that are neither media nor requests are skipped, and so is what begins with a dot.
        remote: Read the images and videos at addresses, also at those in request files.
        allow_private: With --remote, also read addresses on this machine and in private networks.
    """
    if not sources:
        raise CommandError("pass at least one file, folder or address", Exit.USAGE, "kling-elements check --help")
    look = _Look(remote=remote, allow_private=allow_private)
    results = list(_show(sources, look, output))
    refused = sum(result.status == "refused" for result in results)
    checked = sum(result.status != "skipped" for result in results)
    if len(results) != 1:
        output.note(f"{checked} checked, {refused} refused, {len(results) - checked} skipped")
    if to_fit := [result.source for result in results if result.can_be_fitted]:
        output.note(f"next: {shlex.join(['kling-elements', 'fit', *to_fit])}")
    return Exit.REFUSED_HERE if refused else Exit.DONE


def _show(sources: tuple[str, ...], look: _Look, output: Output) -> Iterator[_Result]:
    """Check each source, and write the result at once."""
    for source in sources:
        for result in _results(source, look):
            output.result(result.json(), result.line())
            yield result


def _results(source: str, look: _Look) -> Iterator[_Result]:
    if "://" in source:
        yield _checked_address(source, look)
        return
    path = Path(source)
    if not path.is_dir():
        yield _checked_file(path, kind_of_file(path) or Kind.IMAGE, look)
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            kind = kind_of_file(file)
            yield _Result(str(file), Kind.OTHER) if kind is None else _checked_file(file, kind, look)


def _checked_file(path: Path, kind: Kind, look: _Look) -> _Result:
    if kind is Kind.REQUEST:
        return _checked_request(path, look)
    try:
        return _report(str(path), kind, path, _Look())
    except MediaError as error:
        return _Result(str(path), kind, (Violation("", "file", error.reason),))


def _checked_address(url: str, look: _Look) -> _Result:
    name = redacted_url(url)
    kind = kind_of_address(url)
    if not look.remote:
        violations = CONTRACT.violations("createElement", _request_with(url, kind))
        refusals = {Violation("", item.rule, item.message): None for item in violations}  # an image is in it twice
        facts = "" if violations else "only the address was checked; --remote checks the file at it"
        return _Result(name, kind, tuple(refusals), facts)
    return _checked_address_as(url, kind, look)


def _request_with(url: str, kind: Kind) -> dict[str, Any]:
    """Return a request that conforms except perhaps for this address."""
    common = {"element_name": "name", "element_description": "description"}
    if kind is Kind.VIDEO:
        videos = {"refer_videos": [{"video_url": url}]}
        return {**common, "reference_type": "video_refer", "element_video_list": videos}
    images = {"frontal_image": url, "refer_images": [{"image_url": url}]}
    return {**common, "reference_type": "image_refer", "element_image_list": images}


def _report(name: str, kind: Kind, source: Path | str, look: _Look) -> _Result:
    """Check an image or a video.

    Raises:
        MediaError: It cannot be read.
    """
    report = (check_video if kind is Kind.VIDEO else check_image)(
        source, remote=look.remote, allow_private=look.allow_private
    )
    size = f"{report.width_px}x{report.height_px} px" if report.width_px else ""
    seconds = getattr(report, "duration_seconds", None)
    facts = ", ".join(filter(None, [size, f"{float(seconds):.1f} s" if seconds else ""]))
    return _Result(name, kind, report.violations, facts, report.unchecked)


def _checked_request(path: Path, look: _Look) -> _Result:
    """Check a request file, with the images that it names, and if asked also with the media at its addresses."""
    try:
        content = request_files.read(path)
    except CommandError as error:
        reason = str(error).removeprefix(f"{path}: ")
        return _Result(str(path), Kind.REQUEST, (Violation("", "file", reason),))
    checked = CONTRACT.check("createElement", content.request)
    violations = list(checked.violations)
    if checked.error is not None:
        violations.append(Violation("", "file", str(checked.error)))
    unchecked: list[tuple[str, str]] = []
    if look.remote and not violations:
        for address in CONTRACT.addresses(checked):
            kind = Kind.VIDEO if address.keyword == "x-video" else Kind.IMAGE
            result = _checked_address_as(address.url, kind, look)
            violations += [Violation(address.pointer, item.rule, item.message) for item in result.violations]
            unchecked += result.unchecked
    return _Result(str(path), Kind.REQUEST, tuple(violations), "", tuple(unchecked))


def _checked_address_as(url: str, kind: Kind, look: _Look) -> _Result:
    try:
        return _report(redacted_url(url), kind, url, look)
    except MediaError as error:
        return _Result(redacted_url(url), kind, (Violation("", "address", error.reason),))
