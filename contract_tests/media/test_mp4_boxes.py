"""The boxes of MP4 and MOV files: unusual but valid files take few reads, damaged ones end in a clear violation."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from contract_tests.reading.videos import (
    TRAILERS,
    RecordedFile,
    Video,
    box,
    boxes,
    content_of,
    edit_boxes,
    long_box,
    overwrite,
)
from contract_tests.support.video_checks import SMALL, video_report, violations_in, without_size
from kling_elements.media.mp4_boxes import Box, code_name
from kling_elements_runtime.uploads import InlineText

AHEAD = 16384
PARTS = dict(boxes(Video(**SMALL).build()))
FTYP = box("ftyp", PARTS["ftyp"])
MOOV = box("moov", PARTS["moov"])
MDAT = box("mdat", PARTS["mdat"])
TOO_MANY = "the file has too many parts before its 'moov' box, or none; save it again with an editor"
TOO_LONG = "the file has a 'moov' box of more than 33554432 bytes, which is too large to read"
UNFINISHED = "the file has no 'moov' box; it is an unfinished recording, or cut off"


def cut_off_message(kind: str) -> str:
    """Return the message for a box that is cut off."""
    return f"the file is cut off within its box '{kind}', or that box claims to be longer than it is"


def r20_messages(data: bytes) -> list[str]:
    """Return the R20 messages for a file. R22, which small test videos break, is left out."""
    violations = without_size(violations_in(data))
    assert all(rule == "R20" for rule, _ in violations)
    return [message for _, message in violations]


@pytest.mark.parametrize(
    ("data", "is_faststart"),
    [
        (FTYP + MOOV + MDAT, True),
        (FTYP + MDAT + MOOV, False),
        (MOOV + MDAT, True),
        (MDAT + MOOV, False),
        (box("wide") + MDAT + MOOV, False),
        (box("skip", bytes(9)) + FTYP + MOOV + MDAT, True),
        (FTYP + long_box("moov", PARTS["moov"]) + long_box("mdat", PARTS["mdat"]), True),
        (FTYP + long_box("mdat", PARTS["mdat"]) + long_box("moov", PARTS["moov"]), False),
        (FTYP + MOOV + overwrite(MDAT, 0, bytes(4)), True),
        (FTYP + MDAT + overwrite(MOOV, 0, bytes(4)), False),
        (FTYP + box("uuid", bytes(30)) + MOOV + box("free") * 50 + MDAT + bytes(7), True),
        (FTYP + box("moov", PARTS["moov"], bytes(4)) + MDAT, True),
        (FTYP + MOOV + MDAT + MOOV, True),
    ],
)
def test_boxes_may_come_in_any_order_and_have_any_kind_of_size(data: bytes, is_faststart: bool) -> None:  # noqa: FBT001 - a table
    """Sizes of 64 bits, boxes that extend to the end of the file, unknown boxes and padding are normal."""
    assert [] == r20_messages(data)
    assert (64, 48, is_faststart) == (
        video_report(data).width_px,
        video_report(data).height_px,
        video_report(data).is_faststart,
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (FTYP, UNFINISHED),
        (FTYP + MDAT, UNFINISHED),
        (overwrite(FTYP, 0, bytes(4)) + MOOV + MDAT, UNFINISHED),
        (FTYP + MDAT + box("free") * 200_000, TOO_MANY),
        (FTYP + MOOV, "the file is cut off: no media follow its header"),
        (FTYP + MOOV + MDAT[:7], "the file is cut off: no media follow its header"),
        (FTYP + MOOV + MDAT[:8], cut_off_message("mdat")),
        (FTYP + MOOV + MDAT[:-1], cut_off_message("mdat")),
        (FTYP + MOOV[:-1], cut_off_message("moov")),
        (FTYP + MDAT + MOOV[:-1], cut_off_message("moov")),
        (FTYP + MDAT + MOOV[:8], cut_off_message("moov")),
        (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), cut_off_message("mdat")),
        (
            FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 15),
            "the file is damaged: its box 'mdat' claims to have 15 bytes",
        ),
        (FTYP + struct.pack(">I4s", 7, b"moov") + MOOV, "the file is damaged: its box 'moov' claims to have 7 bytes"),
        (
            FTYP + MOOV + struct.pack(">I4s", 2, b"\0\n\xffa") + MDAT,
            "the file is damaged: its box '??ÿa' claims to have 2 bytes",
        ),
        (FTYP + box("moov") + MDAT, "the file has no video track"),
        (
            FTYP + box("moov", box("free") * 257) + MDAT,
            "the file is damaged: its box 'moov' contains more than 256 others",
        ),
        (
            FTYP + box("moov", struct.pack(">I4s", 9, b"trak")) + MDAT,
            "the file is damaged: its box 'trak' is longer than the box that contains it",
        ),
        (
            FTYP + box("moov", struct.pack(">I4s", 1, b"trak")) + MDAT,
            "the file is damaged: its box 'trak' claims to have 0 bytes",
        ),
    ],
)
def test_damaged_files_are_refused_with_the_reason(data: bytes, message: str) -> None:
    """R20: damage is reported as one violation, not raised as an exception."""
    assert [message] == r20_messages(data)


@pytest.mark.parametrize("start", [FTYP + MOOV + MDAT, FTYP + MDAT + MOOV, FTYP + MOOV + box("moof") + MDAT])
@pytest.mark.parametrize("trailer", TRAILERS)
def test_data_after_a_complete_video_is_a_trailer(start: bytes, trailer: str) -> None:
    """The report is the same as without the trailer, and takes as few reads."""
    file = RecordedFile(start + TRAILERS[trailer])
    report = video_report(file)
    assert [] == r20_messages(start + TRAILERS[trailer])
    assert () == video_report(start).unchecked[1:] == report.unchecked[1:]
    assert 2 >= len(file.reads)


@pytest.mark.parametrize("kind", ["mdat", "moof", "moov", "styp", "sidx", "ssix", "emsg", "prft"])
def test_media_after_the_first_must_not_be_cut_off(kind: str) -> None:
    """R20: such a box shows that the video continues."""
    assert [cut_off_message(kind)] == r20_messages(FTYP + MOOV + MDAT + box(kind, bytes(9))[:-1])


@pytest.mark.parametrize("trailer", TRAILERS)
def test_a_trailer_does_not_replace_the_media(trailer: str) -> None:
    """R20: a header followed by a trailer is not a video."""
    assert [] != r20_messages(FTYP + MOOV + TRAILERS[trailer])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("tkhd", "its box 'trak' contains no 'tkhd'"),
        ("mdia/minf", "its box 'trak' contains no 'stsd'"),
        ("mdia/minf/stbl/stsd", "its box 'trak' contains no 'stsd'"),
    ],
)
def test_a_track_without_a_required_box_is_damaged(path: str, message: str) -> None:
    """R20: the message names the missing box by type."""
    assert [f"the file is damaged: {message}"] == r20_messages(
        edit_boxes(FTYP + MOOV + MDAT, f"moov/trak/{path}", lambda _: None)
    )


@pytest.mark.parametrize(
    "path", ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd", "moov/trak/mdia/minf/stbl/stts"]
)
@pytest.mark.parametrize("length", [0, 3])
def test_a_box_that_is_too_short_is_damaged(path: str, length: int) -> None:
    """R20: the message names the box by type."""
    kind = path[-4:]

    data = edit_boxes(FTYP + MOOV + MDAT, path, lambda old: old[:length])

    assert [f"the file is damaged: its box '{kind}' is too short"] == r20_messages(data)


def test_a_track_without_a_codec_is_damaged() -> None:
    """R20: a sample description must have an entry."""
    data = edit_boxes(FTYP + MOOV + MDAT, "moov/trak/mdia/minf/stbl/stsd", lambda old: old[:8])

    assert ["the file is damaged: a track has no codec"] == r20_messages(data)


def test_a_damaged_header_in_a_damaged_file_is_reported_once() -> None:
    """R20: damage inside a file that is cut off is not reported again."""
    assert [cut_off_message("mdat")] == r20_messages(FTYP + box("moov", box("cmov")) + MDAT[:-1])


@pytest.mark.parametrize("options", [{}, {"is_faststart": False}, {"container": "mov"}, {"has_sound": True}])
def test_a_video_that_is_cut_off_anywhere_is_refused(options: dict[str, Any]) -> None:
    """R20: only the full length counts as complete."""
    data = Video(**SMALL, **options).build()
    assert [] == r20_messages(data)

    for length in range(len(data)):
        assert [] != r20_messages(data[:length]), length


def test_a_header_that_is_too_long_is_refused_before_it_is_read() -> None:
    """R20: a moov box of more than 32 MiB is not read at all."""
    file = RecordedFile(FTYP + MDAT + struct.pack(">I4s", 2**25 + 9, b"moov"), size=2**26)

    (violation,) = video_report(file).violations

    assert TOO_LONG == violation.message
    assert AHEAD == file.read_bytes


def test_an_ordinary_file_takes_one_read() -> None:
    """The first 16 KiB contain the header and the beginning of the media."""
    file = Video(file_size=100_000_000).open()

    assert video_report(file).conforms
    assert [(0, AHEAD)] == file.reads[:1]
    assert 2 >= len(file.reads)  # the box that makes it large comes later
    assert 2 * AHEAD >= file.read_bytes


def _with_long_header(data: bytes) -> bytes:
    return edit_boxes(data, "moov/udta", lambda old: old + box("free", bytes(100_000)))


def test_a_long_header_takes_two_reads() -> None:
    """The second read returns the whole header and the beginning of the next box."""
    data = _with_long_header(Video(**SMALL).build())
    file = RecordedFile(data)
    length = len(content_of(data, "moov"))

    assert 64 == video_report(file).width_px
    assert [(0, AHEAD), (len(FTYP) + 8, length + 64)] == file.reads


@pytest.mark.parametrize("size", [2**20, 400 * 2**20, 5 * 2**30])
def test_a_header_at_the_end_takes_two_reads(size: int) -> None:
    """The media are skipped, no matter how long they are."""
    start = FTYP + struct.pack(">I4sQ", 1, b"mdat", size)
    file = _SparseFile(start, len(FTYP) + size, MOOV)

    report = video_report(file)

    assert (64, False) == (report.width_px, report.is_faststart)
    assert [(0, AHEAD), (len(FTYP) + size, len(MOOV))] == file.reads
    assert [] == [violation for violation in report.violations if violation.rule == "R20"]


class _SparseFile(RecordedFile):
    """A file with data at its start and at its end, and zeros between them."""

    def __init__(self, start: bytes, offset: int, end: bytes) -> None:
        super().__init__(start, size=offset + len(end))
        self._end_offset = offset
        self._end = end

    def peek(self, offset: int, count: int) -> bytes:
        content = super().peek(offset, count)
        return self._end[: len(content)] if offset == self._end_offset else content


def test_a_file_of_many_fragments_is_not_read_to_its_end() -> None:
    """After 24 reads, the file's completeness counts as unchecked."""
    parts = Video(**SMALL, is_fragmented=True).build()
    file = RecordedFile(parts + (box("moof") + box("mdat", bytes(20_000))) * 30)

    report = video_report(file)

    assert 24 == len(file.reads)
    assert 24 * AHEAD >= file.read_bytes
    assert ("R20", "it is unknown whether the file is complete, because it has too many parts") in report.unchecked
    assert [] == [violation for violation in report.violations if violation.rule == "R20"]


@pytest.mark.parametrize("count", [1, 20])
def test_the_last_fragment_must_not_be_cut_off(count: int) -> None:
    """R20: fragments are skipped up to the end of the file."""
    data = FTYP + MOOV + (box("moof") + box("mdat", bytes(20_000))) * count

    assert [] == r20_messages(data)
    assert [cut_off_message("mdat")] == r20_messages(data[:-1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (FTYP + struct.pack(">I4s", 0, b"mdat") + MOOV, [UNFINISHED]),
        (FTYP + overwrite(MOOV, 0, bytes(4)), [TOO_LONG]),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), [cut_off_message("mdat")]),
        (FTYP + MOOV[:-1], [cut_off_message("moov")]),
        (FTYP + MOOV, ["the file is cut off: no media follow its header"]),
        (FTYP + MOOV + MDAT[:-1], []),
        (FTYP + MOOV + overwrite(MDAT, 0, bytes(4)), []),
    ],
)
def test_without_the_size_of_a_file_its_boxes_are_checked_up_to_the_media(data: bytes, message: list[str]) -> None:
    """The check reads only the header and the beginning of the media."""
    report = video_report(RecordedFile(data, tells_size=False))

    assert message == [violation.message for violation in report.violations if violation.rule == "R20"]


def test_only_the_first_brands_are_read() -> None:
    """A brand beyond the first 1024 bytes of an ftyp box is ignored."""
    near = box("ftyp", b"XYZ1", bytes(4), b"abcd" * 200, b"isom")
    far = box("ftyp", b"XYZ1", bytes(4), b"abcd" * 255, b"isom")

    assert ("mp4", None) == (video_report(near + MOOV + MDAT).container, video_report(far + MOOV + MDAT).container)


def test_the_version_between_the_brands_is_not_a_brand() -> None:
    """The four bytes after the major brand are ignored, even if they look like a brand."""
    assert video_report(box("ftyp", b"XYZ1", b"isom", b"abcd") + MOOV + MDAT).container is None


def test_text_that_cannot_be_decoded_is_refused() -> None:
    """R20: undecodable Base64 is a violation as well."""
    (violation,) = video_report(InlineText("!!!!" * 100)).violations

    assert ("R20", "the file is not an MP4 or MOV video; it cannot be decoded") == (violation.rule, violation.message)


@pytest.mark.parametrize(
    ("code", "name"), [(b"avc1", "avc1"), (b"qt  ", "qt"), (b"\xa9too", "©too"), (b"a\0\x1b\x9f", "a???")]
)
def test_unprintable_codes_are_escaped(code: bytes, name: str) -> None:
    """Otherwise a file could move a terminal's cursor."""
    assert name == code_name(code)


def test_a_missing_box_has_no_boxes_inside() -> None:
    """`find` returns None if a box on the path is missing."""
    assert Box(b"moov", memoryview(box("free"))).find(b"mvex", b"mehd") is None
