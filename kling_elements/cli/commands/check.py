"""`kling-elements check`: check request files, images, videos, URLs and folders."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from kling_elements.cli import request_files
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.kinds import SourceKind, kind_of_address, kind_of_file
from kling_elements.cli.output import Output
from kling_elements.cli.terminal import colour_text
from kling_elements.media import check_image, check_video
from kling_elements.media.range_client import redacted_url
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError, Violation
from kling_elements_runtime.document import at

_MAX_COLUMN_CHARACTERS = 40  # a single long name must not push all details out of sight


@frozen
class _AddressOptions:
    """The options for checking URLs.

    Attributes:
        remote: Whether to read the files at the URLs.
        allow_private: Whether the URLs may point to this machine or a private network.
    """

    remote: bool = False
    allow_private: bool = False


@frozen
class _Source:
    """One file or URL to check.

    Attributes:
        name: The path, or the URL without its query.
        kind: The kind of the source, which decides how to check it.
        location: The path or the whole URL.
    """

    name: str
    kind: SourceKind
    location: Path | str


@frozen
class _Result:
    """The result of checking one source.

    Attributes:
        source: The file, or a URL without its query.
        kind: The kind of file for which it was checked.
        violations: The violations.
        facts: Human-readable facts about an image or a video.
        unchecked: Pairs of a rule's id and the reason why it could not be checked.
        can_be_fitted: Whether a copy made by `kling-elements fit` or `--fit` could conform.
    """

    source: str
    kind: SourceKind
    violations: tuple[Violation, ...] = ()
    facts: str = ""
    unchecked: tuple[tuple[str, str], ...] = ()
    can_be_fitted: bool = False

    @property
    def status(self) -> str:
        """`ok`, `refused` or `skipped`."""
        if self.kind is SourceKind.OTHER:
            return "skipped"
        return "refused" if self.violations else "ok"

    def to_json(self) -> dict[str, Any]:
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

    def to_line(self, column: int) -> str:
        """Return the result as one human-readable line.

        Args:
            column: The width of the column for the source's name, in characters. A longer name takes more.
        """
        reasons = "; ".join(
            f"{f'{violation.pointer}: ' if violation.pointer else ''}{violation.message} [{violation.rule}]"
            for violation in self.violations
        )
        unchecked = "; ".join(f"{rule} not checked: {reason}" for rule, reason in self.unchecked)
        details = "  ".join(filter(None, [self.facts, reasons, unchecked]))
        colour = {"ok": "green", "refused": "red"}.get(self.status, "")
        return f"{colour_text(f'{self.status:<7}', colour, sys.stdout)}  {self.source:<{column}}  {details}".rstrip()


def command(*sources: str, remote: bool = False, allow_private: bool = False, output: Output = Output()) -> int:
    """Check request files, images, videos, URLs and folders against the rules, and send nothing.

    Args:
        sources: Files, folders and URLs. A folder is checked with all folders inside it. Files that are neither
            media nor requests are skipped, and so are names that begin with a dot.
        remote: Also read the images and videos at URLs, including those in request files.
        allow_private: With --remote, also read from this machine and from private networks.
    """
    if not sources:
        raise CommandError("pass at least one file, folder or URL", Exit.USAGE, "kling-elements check --help")
    results = list(_check_and_print(sources, _AddressOptions(remote=remote, allow_private=allow_private), output))
    refused = [result for result in results if result.status == "refused"]
    skipped = sum(result.status == "skipped" for result in results)
    if len(results) != 1:
        output.note(f"{len(results) - skipped} checked, {len(refused)} refused, {skipped} skipped")
    for advice in _next_steps(refused):
        output.note(f"next: {advice}")
    return Exit.REFUSED_HERE if refused else Exit.DONE


def _next_steps(refused: list[_Result]) -> Iterator[str]:
    """Yield the next steps for refused sources: commands that help, and the names of sources that none can help."""
    media = [result for result in refused if result.kind is not SourceKind.REQUEST]
    if to_fit := [result.source for result in media if result.can_be_fitted]:
        yield _shell("fit", *to_fit)
    for result in refused:
        if result.kind is not SourceKind.REQUEST:
            continue
        if result.can_be_fitted:
            yield f"{_shell('create', '--file', result.source, '--fit')} (sends copies that conform)"
        else:
            yield f"correct {result.source}, then run {_shell('check', result.source)}"
    if to_replace := [result.source for result in media if not result.can_be_fitted]:
        yield f"use other files or URLs in place of {', '.join(to_replace)}; kling-elements fit can't repair them"


def _shell(*arguments: str) -> str:
    return shlex.join(["kling-elements", *arguments])


def _check_and_print(locations: Iterable[str], options: _AddressOptions, output: Output) -> Iterator[_Result]:
    """Check each source, and print its result at once, in columns."""
    sources = [source for location in locations for source in _sources_at(location)]
    column = min(max((len(source.name) for source in sources), default=0), _MAX_COLUMN_CHARACTERS)
    for source in sources:
        result = _check_source(source, options)
        output.result(result.to_json(), result.to_line(column))
        yield result


def _sources_at(location: str) -> Iterator[_Source]:
    """Yield the source at a URL or a path, or all sources in a folder."""
    if "://" in location:
        yield _Source(redacted_url(location), kind_of_address(location), location)
        return
    path = Path(location)
    if not path.is_dir():
        yield _Source(str(path), kind_of_file(path) or SourceKind.IMAGE, path)
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield _Source(str(file), kind_of_file(file) or SourceKind.OTHER, file)


def _check_source(source: _Source, options: _AddressOptions) -> _Result:
    if source.kind is SourceKind.OTHER:
        return _Result(source.name, SourceKind.OTHER)
    if isinstance(source.location, Path):
        return _check_file(source.location, source.kind, options)
    if options.remote:
        return _check_remote_file(source.location, source.kind, options)
    return _check_address(source.location, source.kind)


def _check_file(path: Path, kind: SourceKind, options: _AddressOptions) -> _Result:
    if kind is SourceKind.REQUEST:
        return _check_request_file(path, options)
    try:
        return _check_media(str(path), kind, path, _AddressOptions())
    except MediaError as error:
        return _Result(str(path), kind, (Violation("", "file", error.reason),))


def _check_address(url: str, kind: SourceKind) -> _Result:
    """Check the URL itself, without reading the file at it."""
    violations = CONTRACT.violations("createElement", _request_with(url, kind))
    refusals = {Violation("", item.rule, item.message): None for item in violations}  # an image is in it twice
    facts = "" if violations else "only the URL was checked; --remote checks the file at it"
    return _Result(redacted_url(url), kind, tuple(refusals), facts)


def _request_with(url: str, kind: SourceKind) -> dict[str, Any]:
    """Return a request that conforms, unless this URL breaks a rule."""
    common = {"element_name": "name", "element_description": "description"}
    if kind is SourceKind.VIDEO:
        videos = {"refer_videos": [{"video_url": url}]}
        return {**common, "reference_type": "video_refer", "element_video_list": videos}
    images = {"frontal_image": url, "refer_images": [{"image_url": url}]}
    return {**common, "reference_type": "image_refer", "element_image_list": images}


def _check_media(name: str, kind: SourceKind, source: Path | str, options: _AddressOptions) -> _Result:
    """Check an image or a video.

    Raises:
        MediaError: It cannot be read.
    """
    check = check_video if kind is SourceKind.VIDEO else check_image
    report = check(source, remote=options.remote, allow_private=options.allow_private)
    size = f"{report.width_px}x{report.height_px} px" if report.width_px else ""
    seconds = getattr(report, "duration_seconds", None)
    facts = ", ".join(filter(None, [size, f"{float(seconds):.1f} s" if seconds else ""]))
    if kind is SourceKind.VIDEO:
        can_be_fitted = bool(facts)  # a video whose header cannot be read cannot be repaired
    else:
        can_be_fitted = all(violation.remedy != "none" for violation in report.violations)
    is_file = isinstance(source, Path)
    return _Result(name, kind, report.violations, facts, report.unchecked, can_be_fitted and is_file)


def _check_request_file(path: Path, options: _AddressOptions) -> _Result:
    """Check a request file with the image files that it refers to, and with `--remote` the media at its URLs."""
    try:
        content = request_files.read(path)
    except CommandError as error:
        reason = str(error).removeprefix(f"{path}: ")
        return _Result(str(path), SourceKind.REQUEST, (Violation("", "file", reason),))
    checked = CONTRACT.check("createElement", content.request)
    violations = list(checked.violations)
    if checked.error is not None:
        violations.append(Violation("", "file", str(checked.error)))
    can_be_fitted = all(
        violation.remedy != "none" and isinstance(at(content.request, violation.pointer), Path)
        for violation in violations
    )
    unchecked: list[tuple[str, str]] = []
    if options.remote and not violations:
        for address in CONTRACT.addresses(checked):
            kind = SourceKind.VIDEO if address.keyword == "x-video" else SourceKind.IMAGE
            result = _check_remote_file(address.url, kind, options)
            violations += [Violation(address.pointer, item.rule, item.message) for item in result.violations]
            unchecked += result.unchecked
            can_be_fitted = can_be_fitted and not result.violations
    return _Result(str(path), SourceKind.REQUEST, tuple(violations), "", tuple(unchecked), can_be_fitted)


def _check_remote_file(url: str, kind: SourceKind, options: _AddressOptions) -> _Result:
    try:
        return _check_media(redacted_url(url), kind, url, options)
    except MediaError as error:
        return _Result(redacted_url(url), kind, (Violation("", "url", error.reason),))
