"""Videos are checked by their containers and sizes in bytes, and FFmpeg reads the same from them."""

from __future__ import annotations

import io
import itertools
import random
import struct
from pathlib import Path
from typing import Any

import av
import pytest

from contract_tests.reading.videos import (
    RecordedFile,
    Video,
    box,
    compress_header,
    content_of,
    edit_boxes,
    mark_encrypted,
    with_sides,
)
from contract_tests.support.media_inputs import contract_with
from contract_tests.support.video_checks import SMALL, TRACK, video_report, violations_in, without_size
from kling_elements.media.checks import check_video


@pytest.mark.parametrize("container", ["mp4", "mov", "ipod", "3gp"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 1920)])
def test_a_real_video_of_each_container_and_orientation_conforms(container: str, width: int, height: int) -> None:
    """FFmpeg's videos of an allowed size break no rule, and every rule is checked."""
    report = video_report(Video(container=container, width_px=width, height_px=height))

    assert ((), ()) == (report.violations, report.unchecked)
    assert (width, height) == (report.width_px, report.height_px)
    assert ("mov" if container == "mov" else "mp4") == report.container


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"container": "mov", "has_sound": True, "is_faststart": False},
        {"width_px": 1440, "pixel_aspect": (4, 3)},
        {"container": "mov", "codec": "mpeg4", **SMALL},
        {"container": "mov", "codec": "mjpeg", **SMALL},
        {"container": "mov", "codec": "prores_ks", **SMALL},
        {"seconds": "241/30", "frames_per_second": "30", "width_px": 64, "height_px": 48, "has_sound": True},
        {"frames_per_second": "30000/1001", "seconds": "1001/300", "width_px": 64, "height_px": 48},
    ],
    ids=str,
)
def test_ffmpeg_reads_the_same_values(options: dict[str, Any]) -> None:
    """Size, pixel aspect, duration, frame rate and codecs are compared."""
    data = Video(**options).build()
    report = video_report(data)

    with av.open(io.BytesIO(data)) as container:
        (picture,) = container.streams.video
        assert picture.duration is not None
        assert picture.time_base is not None
        assert (picture.width, picture.height) == (report.width_px, report.height_px)
        assert (picture.sample_aspect_ratio or 1) == report.pixel_aspect
        assert picture.duration * picture.time_base == report.duration_seconds
        assert picture.average_rate == 1 / (report.frame_seconds or 1)
        assert picture.codec.name == report.video_codec
        assert [sound.codec.name for sound in container.streams.audio] == (
            [report.audio_codec] * options.get("has_sound", 0)
        )
        assert 0 == report.rotation_degrees


@pytest.mark.parametrize(("size", "rules"), [(209715200, []), (209715201, ["R23"])])
def test_a_file_may_have_200_megabytes(size: int, rules: list[str]) -> None:
    """R23: 209715200 bytes are accepted, and one more is refused. Few of them are read."""
    file = Video(file_size=size).open()

    report = video_report(file)

    assert size == report.size_bytes
    assert rules == [violation.rule for violation in report.violations]
    assert all(f"has {size} bytes, at most 209715200" in violation.message for violation in report.violations)
    assert file.read_bytes < 40_000


def test_without_a_size_some_rules_are_unchecked() -> None:
    """Neither R23 nor completeness can be checked if the server sends no size."""
    for video in (Video(), Video(is_faststart=False), Video(is_fragmented=True)):
        file = RecordedFile(video.build(), tells_size=False)

        report = video_report(file)

        expected = [("R20", "it is unknown whether the file is complete, because the server does not send its size")]
        if video.is_fragmented:
            why = "the file consists of fragments, and its header does not say how long it plays"
            expected.append(("R21", why))
        expected.append(("R23", "the server does not send the file's size"))
        assert (None, (), tuple(expected)) == (report.size_bytes, report.violations, report.unchecked)
        assert 1920 == report.width_px


@pytest.mark.parametrize(
    ("brands", "container"),
    [
        (["isom"], "mp4"),
        (["iso6", "dash"], "mp4"),
        (["mp42"], "mp4"),
        (["M4V "], "mp4"),
        (["MSNV"], "mp4"),
        (["3gp5", "mp41"], "mp4"),
        (["XYZ1", "qt  ", "isom"], "mp4"),
        (["qt  ", "isom"], "mov"),
        (["XYZ1", "qt  "], "mov"),
        ([], "mov"),
        (["3gp4"], None),
        (["avif", "mif1", "iso8"], None),
        (["heic", "isom"], None),
        (["ISOM"], None),
        (["iso\xff"], None),
    ],
)
def test_the_brands_decide_the_container(brands: list[str], container: str | None) -> None:
    """R20: a file without brands counts as MOV, and one with an image's brands is refused."""
    report = video_report(Video(brands=brands, **SMALL))

    violations = without_size([(violation.rule, violation.message) for violation in report.violations])
    name = {"iso\xff": "isoÃ¿"}.get("".join(brands[:1]), "".join(brands[:1]))
    assert container == report.container
    assert (
        [] if container else [("R20", f"the file is not an MP4 or MOV video; its brand is '{name[:4]}'")]
    ) == violations


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (Video(container="webm", **SMALL).build(), "; it looks like Matroska or WebM"),
        (Video(container="avi", **SMALL).build(), "; it looks like AVI"),
        (Video(container="mpegts", **SMALL).build(), "; it looks like MPEG-TS"),
        (Video(container="flv", **SMALL).build(), "; it looks like FLV"),
        (b"", "; it is empty"),
        (bytes(1000), ""),
        (b"\n<!DOCTYPE html><title>Not found</title>", "; it looks like HTML or XML"),
        (b"\x89PNG\r\n\x1a\n", "; it looks like PNG"),
        (b"\xff\xd8\xff\xe0", "; it looks like JPEG"),
        (b"GIF89a", "; it looks like GIF"),
        (b"\xff\x0a", ""),  # the start of JPEG XL, but of many other files too
        (b"\0\0\x01\0", ""),  # the start of an icon
        (b"nothing of the kind, but some kilobytes" * 100, ""),
        (b"\0\0\0\x08fty", ""),
        (box("styp", b"msdh", bytes(4)) + box("moof"), "; it looks like a fragment without its header"),
        (box("ftyp", b"heic", bytes(4), b"mif1", b"heic") + box("meta", bytes(8)), "; its brand is 'heic'"),
    ],
    ids=itertools.count(),
)
def test_other_formats_are_refused_and_identified(data: bytes, what: str) -> None:
    """R20: the message contains the allowed formats, and the likely format of the content."""
    report = video_report(data)

    assert [("R20", f"the file is not an MP4 or MOV video{what}")] == [
        (violation.rule, violation.message) for violation in report.violations
    ]
    assert (None, None, (), None) == (report.container, report.width_px, report.unchecked, report.video_codec)


def test_the_name_of_a_file_does_not_count(tmp_path: Path) -> None:
    """R20: a WebM file named .mp4 is refused, and a MOV file named .webm is accepted."""
    refused, accepted = tmp_path / "clip.mp4", tmp_path / "clip.webm"
    refused.write_bytes(Video(container="webm", **SMALL).build())
    accepted.write_bytes(Video(container="mov").build())

    assert ["R20"] == [violation.rule for violation in check_video(refused).violations]
    assert ((), "mov", str(accepted)) == (
        check_video(accepted).violations,
        check_video(accepted).container,
        check_video(accepted).source,
    )


def test_a_known_container_that_is_not_allowed_is_reported() -> None:
    """If a contract allows only MP4, a MOV file breaks only that rule."""
    contract = contract_with("x-video", {"container": {"one-of": ["mp4"]}, "displayed-size": {"pixel-aspect": "any"}})
    data = Video(container="mov", pixel_aspect=(4, 3)).build()
    data = edit_boxes(data, "moov/trak/tkhd", lambda old: with_sides(old, 1920, 1080))

    assert [("R20", "the file is not an MP4 video; it is MOV")] == violations_in(data, contract)


def test_all_broken_rules_are_listed() -> None:
    """The file is cut off, lasts too long, has the wrong sides, and has too many bytes."""
    data = Video(**SMALL, seconds="12").build()
    file = RecordedFile(data + struct.pack(">I4s", 2**32 - 1, b"mdat"), size=209715201)

    report = video_report(file)

    assert ["R20", "R21", "R22", "R23"] == [violation.rule for violation in report.violations]
    assert not report.conforms
    assert {""} == {violation.pointer for violation in report.violations}


CUT_OFF = "the file is cut off within its box 'mdat', or that box claims to be longer than it is"


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_a_compressed_header_is_unchecked(container: str) -> None:
    """R20 to R22 are unchecked, because FFmpeg can read such files. R23 is checked."""
    data = compress_header(Video(container=container, has_sound=True).build())
    why = "the file's header is compressed ('cmov') and was not read"
    report = video_report(data)
    assert ((), tuple((rule, why) for rule in ("R20", "R21", "R22"))) == (report.violations, report.unchecked)
    assert (None, None, container) == (report.width_px, report.duration_seconds, report.container)
    with av.open(io.BytesIO(data)) as opened:
        assert (1920, 1080) == (opened.streams.video[0].width, opened.streams.video[0].height)
    assert [CUT_OFF] == [violation.message for violation in video_report(data[:-1]).violations]


@pytest.mark.parametrize(("entry", "by"), [("avc1", "encv"), ("avc1", "drmi"), ("mp4a", "enca"), ("mp4a", "drms")])
def test_an_encrypted_video_is_unchecked(entry: str, by: str) -> None:
    """Only R20 is unchecked, because the header is enough for the other rules."""
    whole = Video(has_sound=True).build()
    report = video_report(mark_encrypted(whole, entry, by))
    why = "it is unknown whether the video can be played, because it is encrypted"
    assert ((), (("R20", why),), True) == (report.violations, report.unchecked, report.is_encrypted)
    assert (1920, 1080, by) == (
        report.width_px,
        report.height_px,
        report.video_codec if entry == "avc1" else report.audio_codec,
    )
    assert not video_report(whole).is_encrypted


def test_the_builder_grows_and_cuts_files() -> None:
    grown = Video(**SMALL, file_size=50_000).build()

    assert (50_000, 700) == (len(grown), len(Video(**SMALL, truncate_to=700).build()))
    assert 50_000 == video_report(grown).size_bytes
    assert b"avc1" in content_of(grown, TRACK + "stsd")
    assert [] == without_size(violations_in(grown))


_MUTANTS = 20_000  # of each file, divided into _PARTS tests
_PARTS = 4
_KINDS = b"moov trak tkhd mdia mdhd hdlr stsd stts mvex mvhd mdat moof ftyp".split()
_SIZES = [0, 1, 7, 8, 9, 16, 2**31 - 1, 2**31, 2**32 - 1]
_RULES = {"R20", "R21", "R22", "R23"}


def _mutate(data: bytes, choose: random.Random) -> bytes:
    """Return the bytes with one to three changes."""
    mutant = bytearray(data)
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(mutant) + 1)
        change = choose.randrange(5)
        if change == 0:
            mutant[at : at + 1] = choose.randbytes(1)
        elif change == 1:
            mutant[at:at] = choose.randbytes(choose.randint(1, 9))
        elif change == 2:
            del mutant[at : at + choose.choice([1, 4, 8, 100, 10_000])]
        else:
            at = max(mutant.find(choose.choice(_KINDS)), 4)
            size = choose.choice(_SIZES) if change == 3 else choose.getrandbits(12)
            mutant[at - 4 : at] = struct.pack(">I", size)
    return bytes(mutant)


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize(
    "options",
    [{"container": "mp4"}, {"container": "mov", "is_faststart": False}, {"is_fragmented": True}],
    ids=["mp4", "mov", "fragmented"],
)
def test_a_mutated_video_always_gets_a_report(options: dict[str, Any], part: int) -> None:
    """20,000 mutants of each kind cause only violations of known rules, and few, short reads."""
    data = Video(**SMALL, **options, has_sound=True).build()
    choose = random.Random(f"{options} {part}")
    refused = 0
    for _ in range(_MUTANTS // _PARTS):
        file = RecordedFile(_mutate(data, choose), tells_size=choose.random() < 0.8)
        report = video_report(file)
        assert _RULES >= {violation.rule for violation in report.violations}
        assert _RULES >= {rule for rule, _ in report.unchecked}
        assert 24 >= len(file.reads)
        assert 3 * len(data) + 1000 >= file.read_bytes
        refused += any(violation.rule == "R20" for violation in report.violations)
    assert _MUTANTS // _PARTS // 5 < refused < _MUTANTS // _PARTS
