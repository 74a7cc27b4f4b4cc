"""Replace the images in a request by placeholders.

So the validator need not read the images, and they can be encoded while they are sent. A placeholder is a short string
that conforms to the same schema. It replaces an image that is valid Base64 of an allowed length and breaks no rule. Any
other string stays in the request, so that the validator reports the problem.
"""

from __future__ import annotations

import math
import os
import re
from base64 import b64encode
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen

from kling_elements_runtime import image_headers, metadata
from kling_elements_runtime.document import Node, follow, place, rule_of, subschemas
from kling_elements_runtime.errors import MediaError, Violation
from kling_elements_runtime.image_limits import ImageLimits
from kling_elements_runtime.uploads import (
    Base64Source,
    DamagedFileError,
    InlineBytes,
    InlineFile,
    InlineText,
    encoded_length,
)

_MIN_REPLACED_CHARACTERS = 4096  # the validator checks a shorter string faster than we could replace it
# In Base64's alphabet, so that it conforms. It is random, so that it never equals a caller's string.
_PLACEHOLDER = b64encode(os.urandom(24)).decode()
_DIGITS = 8
_PLACEHOLDERS = re.compile(rb"(%b[0-9]{%d})" % (re.escape(_PLACEHOLDER.encode()), _DIGITS))

Place = tuple[str | None, ...]
Read: TypeAlias = Callable[[object], bytes]


@frozen
class MediaSchema:
    """The rules for an image or a video at one place of a request.

    Attributes:
        keyword: `x-image` or `x-video`.
        limits: The limits of an image, or None for a video.
        rule: The string's own rule, from the document's `x-source`.
        max_characters: The maximum length of the string.
    """

    keyword: str
    limits: ImageLimits | None
    rule: str
    max_characters: float


def media_places(document: Node, schema_pointer: str) -> Mapping[Place, MediaSchema]:
    """Return the places of media in a body. A place is a path of names, with None for any item of a list."""
    return dict(_media_places(document, follow(document, schema_pointer), (), frozenset()))


def _media_places(
    document: Node, schema: Node, path: Place, on_the_way: frozenset[str]
) -> Iterator[tuple[Place, MediaSchema]]:
    """Yield the places within a schema. A recursive schema yields only the places down to its first repetition."""
    for keyword in ("x-image", "x-video"):
        if keyword in schema:
            rule = rule_of([schema], "pattern")
            limits = ImageLimits.of(schema[keyword]) if keyword == "x-image" else None
            yield path, MediaSchema(keyword, limits, rule, schema.get("maxLength", math.inf))
    if (reference := schema.get("$ref")) is not None and reference not in on_the_way:
        yield from _media_places(document, follow(document, reference), path, on_the_way | {reference})
    for (keyword, *names), inner in subschemas(schema):
        steps: Sequence[str | None] = names if keyword == "properties" else [None] if keyword == "items" else []
        yield from _media_places(document, inner, (*path, *steps), on_the_way)


def place_of(path: tuple[str | int, ...]) -> Place:
    """Return the place that a path leads to: the same path, with None instead of indices."""
    return tuple(None if isinstance(step, int) else step for step in path)


def is_placeholder(text: str) -> bool:
    """Return whether a string is the placeholder of an image that was already checked."""
    return text.startswith(_PLACEHOLDER)


class Attachments:
    """The images of one body that placeholders replaced.

    Attributes:
        contents: The images by their placeholders.
        violations: The violations in files, which the validator does not see.
        are_readable: Whether all files can be sent.
        error: The error of a file that cannot be read, or None if all can be read.
        min_characters: The length from which a string is passed to `take`.
    """

    def __init__(
        self,
        places: Mapping[Place, MediaSchema],
        rule: str,
        *,
        check_media: bool,
        strip_metadata: bool,
        read: Read | None,
    ) -> None:
        """Create an empty collection. A file breaks `rule` if it is at a place that allows no media."""
        self.contents: dict[str, Base64Source] = {}
        self.violations: list[Violation] = []
        self.are_readable = True
        self.error: MediaError | None = None
        self.min_characters = _MIN_REPLACED_CHARACTERS if check_media and not strip_metadata else 0
        self._places = places
        self._rule = rule
        self._check_media = check_media
        self._strip_metadata = strip_metadata
        self._read = read

    def take(self, value: object, path: tuple[str | int, ...]) -> object:
        """Return the placeholder for an image. Return any other value unchanged."""
        schema = self._places.get(place_of(path))
        limits = schema.limits if schema is not None else None
        if isinstance(value, Path) and limits is None:
            return self._refuse(path, schema)
        if schema is None or limits is None:
            return value
        if not isinstance(value, str):
            return self._take_file(value, path, limits, schema.rule)
        text = InlineText(value)
        longest = schema.max_characters if not self._strip_metadata else encoded_length(metadata.MAX_BYTES)
        is_likely = self.min_characters <= len(value) <= longest
        if not is_likely or not text.is_base64():
            return value
        content, broken = self._check(text, limits)
        if broken and not self._strip_metadata:
            return value
        self.violations += [evolve(violation, pointer=place(path)) for violation in broken]
        return self._placeholder(content)

    def _take_file(self, value: object, path: tuple[str | int, ...], limits: ImageLimits, rule: str) -> str:
        try:
            name, content = self._open(value)
            file, violations = self._check(content, limits)
            if self._check_media and not violations and image_headers.is_cut_off(content):
                violations = [Violation("", limits.format.rule, "the image is incomplete: the file was cut off")]
        except MediaError as error:
            self.are_readable = False
            self.error = error
            self.violations.append(Violation(place(path), rule, str(error)))
            return ""
        self.violations += [evolve(v, pointer=place(path), message=f"{name}: {v.message}") for v in violations]
        return self._placeholder(file)

    def _open(self, value: object) -> tuple[str, Base64Source]:
        """Return the content of a file, and a name for it in messages."""
        if isinstance(value, Path):
            return str(value), InlineFile(value)
        name = type(value).__name__
        if isinstance(value, bytes | bytearray | memoryview):
            return name, InlineBytes(bytes(value))
        if self._read is not None:
            return name, InlineBytes(self._read(value))
        raise MediaError(f"a value of type {name}", "cannot be used as an image; pass a pathlib.Path or bytes")

    def _refuse(self, path: tuple[str | int, ...], schema: MediaSchema | None) -> str:
        """Add a violation for a `Path` at a place that cannot contain a file."""
        self.are_readable = False
        if schema is not None:
            message = "is a path, but videos are sent by URL only: upload the file, and pass its URL"
        else:
            images = [
                place(step or 0 for step in path_of_image)
                for path_of_image, media in self._places.items()
                if media.keyword == "x-image"
            ]
            message = (
                f"is a path, but paths are only allowed for images: {' or '.join(images) or 'this request has none'}"
            )
        self.violations.append(Violation(place(path), schema.rule if schema else self._rule, message))
        return ""

    def _check(self, content: Base64Source, limits: ImageLimits) -> tuple[Base64Source, list[Violation]]:
        """Return an image as it will be sent, and its violations."""
        if not self._strip_metadata:
            return content, list(image_headers.violations(content, limits, size_only=not self._check_media))
        try:
            plain = metadata.strip(content)
        except DamagedFileError:
            broken = list(image_headers.violations(content, limits))
            return content, broken or [Violation("", limits.format.rule, metadata.INSEPARABLE, "fit")]
        return plain, list(image_headers.violations(plain, limits, size_only=not self._check_media))

    def _placeholder(self, content: Base64Source) -> str:
        text = f"{_PLACEHOLDER}{len(self.contents):0{_DIGITS}}"
        self.contents[text] = content
        return text


class StreamedBody:
    """A JSON text that encodes its images while it is sent. You can iterate over it repeatedly."""

    def __init__(self, skeleton: bytes, contents: Mapping[str, Base64Source]) -> None:
        """Create a body from a JSON text with placeholders, and from the images by their placeholders."""
        parts = _PLACEHOLDERS.split(skeleton)
        self._parts = [contents[part.decode()] if _PLACEHOLDERS.fullmatch(part) else part for part in parts]

    def __len__(self) -> int:
        """Return the length in bytes."""
        return sum(len(part) if isinstance(part, bytes) else encoded_length(part.size) for part in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the text, piece by piece.

        Raises:
            MediaError: A file cannot be read, or has changed.
        """
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part.pieces()

    def outline(self) -> bytes:
        """Return the text with each image replaced by its number of characters."""
        parts = self._parts
        return b"".join(p if isinstance(p, bytes) else b"<%d characters>" % encoded_length(p.size) for p in parts)

    def asynchronous(self) -> AsyncIterable[bytes]:
        """Return the text as an async iterable, which encodes on the event loop because a thread takes longer."""
        return _AsyncBody(self)


class _AsyncBody:
    def __init__(self, body: StreamedBody) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._body:
            yield piece
