"""Boxes of MP4 and MOV files: odd but good ones are read in few reads, broken ones end in a violation that says so."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from contract_tests.reading.videos import TRAILERS, Opened, Video, box, boxes, content_of, edited, long_box, overwritten
from contract_tests.support.judged_videos import SMALL, broken, judged, without_size
from kling_elements.media.mp4_boxes import Box, code_name
from kling_elements_runtime.uploads import InlineText

AHEAD = 16384
PARTS = dict(boxes(Video(**SMALL).build()))
FTYP = box("ftyp", PARTS["ftyp"])
MOOV = box("moov", PARTS["moov"])
MDAT = box("mdat", PARTS["mdat"])
TOO_MANY = "the file has no 'moov' box among its first parts, and more parts than are looked at"
TOO_LONG = "the file has a 'moov' box of more than the 33554432 bytes that are looked at"
UNFINISHED = "the file has no 'moov' box: it is an unfinished recording, or breaks off"


def cut_off(kind: str) -> str:
    """Return the message about a box that is not all there."""
    return f"the file breaks off within its box '{kind}', or that box claims to be longer than it is"


def trouble(data: bytes) -> list[str]:
    """Return what is wrong with a file, apart from the size of small test videos."""
    found = without_size(broken(data))
    assert all(rule == "R20" for rule, _ in found)
    return [message for _, message in found]


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
        (FTYP + MOOV + overwritten(MDAT, 0, bytes(4)), True),
        (FTYP + MDAT + overwritten(MOOV, 0, bytes(4)), False),
        (FTYP + box("uuid", bytes(30)) + MOOV + box("free") * 50 + MDAT + bytes(7), True),
        (FTYP + box("moov", PARTS["moov"], bytes(4)) + MDAT, True),
        (FTYP + MOOV + MDAT + MOOV, True),
    ],
)
def test_boxes_come_in_any_order_and_with_any_kind_of_size(data: bytes, is_faststart: bool) -> None:  # noqa: FBT001 - a table
    """Sizes of 64 bits, boxes to the end of the file, unknown boxes and padding are ordinary."""
    assert [] == trouble(data)
    assert (64, 48, is_faststart) == (judged(data).width_px, judged(data).height_px, judged(data).is_faststart)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (FTYP, UNFINISHED),
        (FTYP + MDAT, UNFINISHED),
        (overwritten(FTYP, 0, bytes(4)) + MOOV + MDAT, UNFINISHED),
        (FTYP + MDAT + box("free") * 200_000, TOO_MANY),
        (FTYP + MOOV, "the file breaks off: no media come behind its header"),
        (FTYP + MOOV + MDAT[:7], "the file breaks off: no media come behind its header"),
        (FTYP + MOOV + MDAT[:8], cut_off("mdat")),
        (FTYP + MOOV + MDAT[:-1], cut_off("mdat")),
        (FTYP + MOOV[:-1], cut_off("moov")),
        (FTYP + MDAT + MOOV[:-1], cut_off("moov")),
        (FTYP + MDAT + MOOV[:8], cut_off("moov")),
        (FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), cut_off("mdat")),
        (
            FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 15),
            "the file is broken: its box 'mdat' claims to have 15 bytes",
        ),
        (FTYP + struct.pack(">I4s", 7, b"moov") + MOOV, "the file is broken: its box 'moov' claims to have 7 bytes"),
        (
            FTYP + MOOV + struct.pack(">I4s", 2, b"\0\n\xffa") + MDAT,
            "the file is broken: its box '??ÿa' claims to have 2 bytes",
        ),
        (FTYP + box("moov") + MDAT, "the file has no video track"),
        (
            FTYP + box("moov", box("free") * 257) + MDAT,
            "the file is broken: its box 'moov' holds more than 256 others",
        ),
        (
            FTYP + box("moov", struct.pack(">I4s", 9, b"trak")) + MDAT,
            "the file is broken: its box 'trak' is longer than the one around it",
        ),
        (
            FTYP + box("moov", struct.pack(">I4s", 1, b"trak")) + MDAT,
            "the file is broken: its box 'trak' claims to have 0 bytes",
        ),
    ],
)
def test_broken_files_are_refused_with_what_is_wrong(data: bytes, says: str) -> None:
    """R20: one violation that says what is wrong, and no exception."""
    assert [says] == trouble(data)


@pytest.mark.parametrize("start", [FTYP + MOOV + MDAT, FTYP + MDAT + MOOV, FTYP + MOOV + box("moof") + MDAT])
@pytest.mark.parametrize("trailer", TRAILERS)
def test_what_comes_behind_a_whole_video_is_a_trailer(start: bytes, trailer: str) -> None:
    """Players do not look at it; the file is judged as without it, in as few reads."""
    file = Opened(start + TRAILERS[trailer])
    report = judged(file)
    assert [] == trouble(start + TRAILERS[trailer])
    assert () == judged(start).unjudged[1:] == report.unjudged[1:]
    assert 2 >= len(file.reads)


@pytest.mark.parametrize("kind", ["mdat", "moof", "moov", "styp", "sidx", "ssix", "emsg", "prft"])
def test_media_that_go_on_behind_the_first_may_not_break_off(kind: str) -> None:
    """R20: a box of this kind shows that more of the video was to come."""
    assert [cut_off(kind)] == trouble(FTYP + MOOV + MDAT + box(kind, bytes(9))[:-1])


@pytest.mark.parametrize("trailer", TRAILERS)
def test_without_media_there_is_no_trailer(trailer: str) -> None:
    """R20: a header and something else are no video."""
    assert [] != trouble(FTYP + MOOV + TRAILERS[trailer])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("tkhd", "its box 'trak' holds no 'tkhd'"),
        ("mdia/minf", "its box 'trak' holds no 'stsd'"),
        ("mdia/minf/stbl/stsd", "its box 'trak' holds no 'stsd'"),
    ],
)
def test_a_track_without_what_it_needs_is_broken(path: str, says: str) -> None:
    """R20: the message names the box that is not there."""
    assert [f"the file is broken: {says}"] == trouble(edited(FTYP + MOOV + MDAT, f"moov/trak/{path}", lambda _: None))


@pytest.mark.parametrize(
    "path", ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd", "moov/trak/mdia/minf/stbl/stts"]
)
@pytest.mark.parametrize("length", [0, 3])
def test_a_box_that_is_too_short_is_broken(path: str, length: int) -> None:
    """R20: the message names it."""
    kind = path[-4:]

    data = edited(FTYP + MOOV + MDAT, path, lambda old: old[:length])

    assert [f"the file is broken: its box '{kind}' is too short"] == trouble(data)


def test_a_track_that_names_no_codec_is_broken() -> None:
    """R20: a sample description without entries."""
    data = edited(FTYP + MOOV + MDAT, "moov/trak/mdia/minf/stbl/stsd", lambda old: old[:8])

    assert ["the file is broken: a track does not name its codec"] == trouble(data)


def test_a_broken_header_of_a_broken_file_is_reported_once() -> None:
    """R20: what is wrong with the file as a whole comes before what follows from it."""
    assert [cut_off("mdat")] == trouble(FTYP + box("moov", box("cmov")) + MDAT[:-1])


@pytest.mark.parametrize("options", [{}, {"is_faststart": False}, {"container": "mov"}, {"has_sound": True}])
def test_a_video_that_breaks_off_anywhere_is_refused(options: dict[str, Any]) -> None:
    """R20: at no length but its own a file is taken for whole."""
    data = Video(**SMALL, **options).build()
    assert [] == trouble(data)

    for length in range(len(data)):
        assert [] != trouble(data[:length]), length


def test_a_header_that_is_too_long_is_refused_before_it_is_read() -> None:
    """R20: of a moov box of more than 32 MiB nothing is read."""
    file = Opened(FTYP + MDAT + struct.pack(">I4s", 2**25 + 9, b"moov"), size=2**26)

    (found,) = judged(file).violations

    assert TOO_LONG == found.message
    assert AHEAD == file.read_bytes


def test_an_ordinary_file_takes_one_read() -> None:
    """The header and the media's own box header lie within the first 16 KiB."""
    file = Video(file_size=100_000_000).opened()

    assert judged(file).conforms
    assert [(0, AHEAD)] == file.reads[:1]
    assert 2 >= len(file.reads)  # the box that makes it large comes behind
    assert 2 * AHEAD >= file.read_bytes


def _with_long_header(data: bytes) -> bytes:
    return edited(data, "moov/udta", lambda old: old + box("free", bytes(100_000)))


def test_a_long_header_takes_two_reads() -> None:
    """The header is read whole, together with the beginning of what comes behind."""
    data = _with_long_header(Video(**SMALL).build())
    file = Opened(data)
    length = len(content_of(data, "moov"))

    assert 64 == judged(file).width_px
    assert [(0, AHEAD), (len(FTYP) + 8, length + 64)] == file.reads


@pytest.mark.parametrize("size", [2**20, 400 * 2**20, 5 * 2**30])
def test_a_header_at_the_end_takes_two_reads(size: int) -> None:
    """The media are stepped over, however long they are."""
    start = FTYP + struct.pack(">I4sQ", 1, b"mdat", size)
    file = _Apart(start, len(FTYP) + size, MOOV)

    report = judged(file)

    assert (64, False) == (report.width_px, report.is_faststart)
    assert [(0, AHEAD), (len(FTYP) + size, len(MOOV))] == file.reads
    assert [] == [found for found in report.violations if found.rule == "R20"]


class _Apart(Opened):
    """A file with something at its start, something at its end, and zeros between."""

    def __init__(self, start: bytes, offset: int, end: bytes) -> None:
        super().__init__(start, size=offset + len(end))
        self._end_offset = offset
        self._end = end

    def peek(self, offset: int, count: int) -> bytes:
        found = super().peek(offset, count)
        return self._end[: len(found)] if offset == self._end_offset else found


def test_a_file_of_many_fragments_is_not_read_to_its_end() -> None:
    """Where more than 24 reads were needed, the report says that nobody knows whether the file is whole."""
    parts = Video(**SMALL, is_fragmented=True).build()
    file = Opened(parts + (box("moof") + box("mdat", bytes(20_000))) * 30)

    report = judged(file)

    assert 24 == len(file.reads)
    assert 24 * AHEAD >= file.read_bytes
    assert ("R20", "whether the file is whole is not known, as it has too many parts") in report.unjudged
    assert [] == [found for found in report.violations if found.rule == "R20"]


@pytest.mark.parametrize("count", [1, 20])
def test_the_last_fragment_may_not_break_off(count: int) -> None:
    """R20: fragments are stepped over up to the end of the file."""
    data = FTYP + MOOV + (box("moof") + box("mdat", bytes(20_000))) * count

    assert [] == trouble(data)
    assert [cut_off("mdat")] == trouble(data[:-1])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (FTYP + struct.pack(">I4s", 0, b"mdat") + MOOV, [UNFINISHED]),
        (FTYP + overwritten(MOOV, 0, bytes(4)), [TOO_LONG]),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), [cut_off("mdat")]),
        (FTYP + MOOV[:-1], [cut_off("moov")]),
        (FTYP + MOOV, ["the file breaks off: no media come behind its header"]),
        (FTYP + MOOV + MDAT[:-1], []),
        (FTYP + MOOV + overwritten(MDAT, 0, bytes(4)), []),
    ],
)
def test_boxes_are_judged_as_far_as_possible_without_the_files_size(data: bytes, says: list[str]) -> None:
    """What a server that does not tell the size sends is not read beyond its header and the beginning of its media."""
    report = judged(Opened(data, tells_size=False))

    assert says == [found.message for found in report.violations if found.rule == "R20"]


def test_many_brands_are_not_all_read() -> None:
    """A brand behind the first 1024 bytes of an ftyp box does not count."""
    near = box("ftyp", b"XYZ1", bytes(4), b"abcd" * 200, b"isom")
    far = box("ftyp", b"XYZ1", bytes(4), b"abcd" * 255, b"isom")

    assert ("mp4", None) == (judged(near + MOOV + MDAT).container, judged(far + MOOV + MDAT).container)


def test_the_version_between_the_brands_is_none_of_them() -> None:
    """The four bytes behind the major brand are a number, whatever they look like."""
    assert judged(box("ftyp", b"XYZ1", b"isom", b"abcd") + MOOV + MDAT).container is None


def test_text_that_cannot_be_decoded_is_refused() -> None:
    """R20: where a reader cannot make bytes of what it has, that is no exception either."""
    (found,) = judged(InlineText("!!!!" * 100)).violations

    assert ("R20", "the file is no MP4 or MOV video; it cannot be decoded") == (found.rule, found.message)


@pytest.mark.parametrize(
    ("code", "name"), [(b"avc1", "avc1"), (b"qt  ", "qt"), (b"\xa9too", "©too"), (b"a\0\x1b\x9f", "a???")]
)
def test_codes_are_made_printable(code: bytes, name: str) -> None:
    """Nothing of a file can move a terminal's cursor."""
    assert name == code_name(code)


def test_a_path_to_a_box_may_end_on_the_way() -> None:
    """Looking for a box within one that is not there finds none."""
    assert Box(b"moov", memoryview(box("free"))).find(b"mvex", b"mehd") is None
