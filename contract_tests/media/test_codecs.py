"""Codecs are found by sample entries, and by their object types if an entry can hold several codecs."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import pytest

from contract_tests.reading.videos import Video, box, edit_boxes
from contract_tests.support.video_checks import SMALL, video_report
from kling_elements.media.codecs import codec_of
from kling_elements.media.mp4_boxes import Box


@pytest.mark.parametrize(
    ("container", "video", "audio"),
    [
        ("mp4", "mpeg4", "libmp3lame"),
        ("mp4", "mpeg2video", "ac3"),
        ("mp4", "mjpeg", "mp2"),
        ("mov", "mpeg4", "libmp3lame"),
        ("mov", "mpeg4", "aac"),
    ],
)
def test_ffmpeg_finds_the_same_codecs(container: str, video: str, audio: str) -> None:
    """MP3 in `mp4a` is not reported as AAC, and `esds` is found one level deeper in MOV files."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        picture: Any = output.add_stream(video, rate=25)
        picture.width, picture.height = 64, 48
        picture.pix_fmt = "yuvj420p" if video == "mjpeg" else "yuv420p"
        sound: Any = output.add_stream(audio, rate=48000, layout="mono")
        sound.codec_context.open()
        samples = sound.codec_context.frame_size
        for number in range(3):
            output.mux(picture.encode(av.VideoFrame(64, 48, picture.pix_fmt)))
            sound_frame = av.AudioFrame(sound.codec_context.format.name, "mono", samples)
            sound_frame.planes[0].update(bytes(sound_frame.planes[0].buffer_size))
            sound_frame.sample_rate, sound_frame.pts = 48000, number * samples
            output.mux(sound.encode(sound_frame))
        output.mux([*picture.encode(None), *sound.encode(None)])
    report = video_report(file.getvalue())
    with av.open(io.BytesIO(file.getvalue())) as opened:
        names = opened.streams.video[0].codec.canonical_name, opened.streams.audio[0].codec.canonical_name
    assert names == (report.video_codec, report.audio_codec)


def _entry(kind: str, esds: bytes, skip: int, version: int = 0) -> Box:
    fields = bytearray(skip)
    fields[8:10] = struct.pack(">H", version)
    return Box(kind.encode(), memoryview(bytes(fields) + esds))


def _esds(object_type: int, *, length: bytes = b"\x20", stream: int = 3, decoder: int = 4) -> bytes:
    inner = bytes([decoder]) + length + bytes([object_type]) + bytes(12)
    return box("esds", bytes(4), bytes([stream]) + length + bytes(3), inner)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (_entry("mp4a", _esds(0x6B), 28), "mp3"),
        (_entry("mp4a", _esds(0x69, length=b"\x80\x80\x80\x20"), 28), "mp3"),
        (_entry("mp4a", _esds(0x40), 28), "aac"),
        (_entry("mp4a", _esds(0xA5), 44, version=1), "ac3"),
        (_entry("mp4a", box("wave", box("frma", b"mp4a"), _esds(0x6B), bytes(8)), 44, version=1), "mp3"),
        (_entry("mp4a", _esds(0xDD), 64, version=2), "vorbis"),
        (_entry("mp4a", _esds(0x6B), 28, version=9), "mp3"),
        (_entry("mp4v", _esds(0x6A), 78), "mpeg1video"),
        (_entry("mp4v", _esds(0x20), 78), "mpeg4"),
        (_entry("mp4v", b"", 78), "mpeg4"),
        (_entry("mp4a", b"", 28), "aac"),
        (_entry("mp4a", box("wave"), 28), "aac"),
        (_entry("mp4a", _esds(0xFE), 28), "aac"),
        (_entry("mp4a", _esds(0x6B, stream=5), 28), "aac"),
        (_entry("mp4a", _esds(0x6B, decoder=5), 28), "aac"),
        (_entry("mp4a", box("esds", bytes(4), b"\x03\x80"), 28), "aac"),
        (_entry("mp4a", box("esds"), 28), "aac"),
        (_entry("mp4a", struct.pack(">I4s", 99, b"esds"), 28), "aac"),
        (Box(b"mp4a", memoryview(b"short")), "aac"),
        (_entry("avc1", _esds(0x6B), 78), "h264"),
    ],
)
def test_the_object_type_decides_the_codec(entry: Box, name: str) -> None:
    """A missing, unknown or damaged type leads to the most common codec of the entry."""
    assert name == codec_of(entry)


def test_a_damaged_object_type_breaks_no_rule() -> None:
    """The codec in the report is only informational."""
    data = Video(**SMALL, has_sound=True).build()
    whole = video_report(data)
    broken = video_report(
        edit_boxes(data, "moov/trak/mdia/minf/stbl/stsd", lambda old: old.replace(b"esds", b"\0\0\0\0"))
    )
    assert ("aac", "aac", whole.violations) == (whole.audio_codec, broken.audio_codec, broken.violations)
