"""Videos are decoded from the requested start, including encrypted, raw and damaged ones."""

from __future__ import annotations

import shutil
import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from contract_tests.reading.videos import TRAILERS, Video, compress_header, mark_encrypted
from contract_tests.support.drawn_videos import (
    SOUND_HZ,
    draw_video,
    frames_of,
    holds_only,
    numbers_of,
    write_video,
)
from contract_tests.support.media_inputs import contract_with
from kling_elements.media import footage
from kling_elements.media.checks import check_video
from kling_elements.media.fit_videos import fit_video
from kling_elements.media.footage import open_footage
from kling_elements_client.errors import MediaError

SMALL = contract_with("x-video", {"displayed-size": {"one-of-px": [[128, 72], [72, 128]]}})  # to save time


@pytest.mark.parametrize("name", ["long.ts", "long.mp4", "long.mkv", "long.mpg"])
@pytest.mark.parametrize("key_frames", ["1", "7", "1000"])
@pytest.mark.parametrize("start", [2.5, 4.0, 6.2])
def test_a_copy_begins_with_the_requested_frame(name: str, key_frames: str, start: float, tmp_path: Path) -> None:
    """The copy does so without an index, and if only the first frame is a keyframe."""
    source = draw_video(
        tmp_path / name, list(range(19)), options={"g": key_frames, "keyint_min": "1", "sc_threshold": "0"}
    )
    result = fit_video(source, tmp_path / "copy.mp4", start_seconds=start, contract=SMALL)
    first = int(start * 2)
    assert list(range(first, 19)) == numbers_of(result.path)
    assert Fraction(19 - first, 2) == result.report.duration_seconds
    assert f"cut to {(19 - first) / 2:g} s, from {start:g} s on" == result.changes[-1]


def test_a_stream_that_begins_between_keyframes_starts_at_the_first_one(tmp_path: Path) -> None:
    """The copy begins with neither a still nor a grey picture, because undecodable frames are dropped."""
    source = draw_video(
        tmp_path / "whole.ts", list(range(19)), options={"g": "6", "keyint_min": "1", "sc_threshold": "0"}
    )
    content = source.read_bytes()
    (tmp_path / "cut.ts").write_bytes(content[:564] + content[564 + 188 * 4 :])
    copy = fit_video(tmp_path / "cut.ts", start_seconds=0, contract=SMALL)
    numbers = numbers_of(copy.path)
    assert list(range(6, 19)) == numbers
    assert Fraction(13, 2) == copy.report.duration_seconds


@pytest.mark.parametrize("name", ["cut.mkv", "cut.ts"])
def test_a_part_cut_from_a_stream_begins_with_its_first_frame(name: str, tmp_path: Path) -> None:
    """The two frames before the time in the header are kept as well."""
    leading = "bframes=3:b-adapt=0:keyint=8:min-keyint=8:scenecut=0:open-gop=0:radl=2:log-level=none"
    source = draw_video(tmp_path / "whole.mkv", list(range(19)), codec="libx265", options={"x265-params": leading})
    with av.open(str(source)) as container, av.open(str(tmp_path / name), "w") as output:
        picture = output.add_stream_from_template(container.streams.video[0])
        packets = [packet for packet in container.demux(video=0) if packet.size]
        second_keyframe = [packet.is_keyframe for packet in packets].index(True, 1)
        for packet in packets[second_keyframe:]:
            packet.stream = picture
            output.mux(packet)
    with av.open(str(tmp_path / name)) as container:
        assert (4_000_000, 3) == (container.start_time, next(container.decode(video=0)).time)

    result = fit_video(tmp_path / name, contract=SMALL)

    assert list(range(6, 19)) == numbers_of(result.path)
    assert Fraction(13, 2) == result.report.duration_seconds


@pytest.mark.parametrize("trailer", ["ID3v1", "Insta360", "Kenwood", "form"])
@pytest.mark.parametrize("is_faststart", [True, False])
def test_a_video_with_a_trailer_is_fitted(trailer: str, is_faststart: bool, tmp_path: Path) -> None:  # noqa: FBT001 - rows
    """A conforming video keeps its trailer, and an encoded copy has none."""
    source = write_video(tmp_path, is_faststart=is_faststart)
    source.write_bytes(source.read_bytes() + TRAILERS[trailer])
    assert 6 == len(frames_of(fit_video(source, contract=SMALL).path))
    whole = write_video(tmp_path, "whole.mp4", width_px=128, height_px=72, is_faststart=is_faststart)
    whole.write_bytes(whole.read_bytes() + TRAILERS[trailer])
    copy = fit_video(whole, contract=SMALL)
    assert (whole.read_bytes(), ()) == (copy.path.read_bytes(), copy.changes)


@pytest.mark.parametrize(("entry", "by"), [("avc1", "encv"), ("mp4a", "enca")])
def test_an_encrypted_video_is_refused(entry: str, by: str, tmp_path: Path) -> None:
    """The message says what to do. Without the key, FFmpeg would decode garbage."""
    source = write_video(tmp_path, has_sound=True)
    source.write_bytes(mark_encrypted(source.read_bytes(), entry, by))
    with pytest.raises(MediaError, match="is encrypted and cannot be decoded; export it without encryption first"):
        fit_video(source)
    assert holds_only(tmp_path, source)


def test_a_video_with_a_compressed_header_is_fitted(tmp_path: Path) -> None:
    """The copy gets an ordinary header."""
    source = tmp_path / "source.mov"
    source.write_bytes(compress_header(Video(container="mov", width_px=64, height_px=36, is_faststart=False).build()))
    result: Any = fit_video(source, contract=SMALL)
    assert ((), (), 3) == (result.report.violations, result.report.unchecked, result.report.duration_seconds)
    assert 15 == len(frames_of(result.path))


@pytest.mark.parametrize("start", [0, 1])
def test_a_raw_stream_is_fitted(start: int, tmp_path: Path) -> None:
    """The copy has all frames at a constant rate, because raw MPEG-1 has no times."""
    source = tmp_path / "raw.m1v"
    with av.open(str(source), "w", "mpeg1video") as output:
        picture: Any = output.add_stream("mpeg1video", rate=25, options={"g": "12"})
        picture.width, picture.height, picture.pix_fmt = 64, 36, "yuv420p"
        for _ in range(100):
            output.mux(picture.encode(av.VideoFrame(64, 36, "yuv420p")))
        output.mux(picture.encode(None))
    assert ["R20"] == [violation.rule for violation in check_video(source).violations]
    result: Any = fit_video(source, start_seconds=start, contract=SMALL)
    assert (4 - start, Fraction(1, 25)) == (result.report.duration_seconds, result.report.frame_seconds)
    assert 100 - 25 * start == len(frames_of(result.path))


def test_a_container_that_cannot_seek_is_decoded_from_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = draw_video(tmp_path / "long.mp4", list(range(19)))
    open_container = av.open
    monkeypatch.setattr(av, "open", lambda *args, **options: _Unseekable(open_container(*args, **options)))
    with source.open("rb") as file, open_footage(file, Fraction(2), 8) as footage:
        assert Fraction(2) == footage.start
        assert 15 == len(list(footage.frames()))


class _Unseekable:
    """A container that cannot seek."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def seek(self, _: int) -> None:
        raise av.FFmpegError(1, "Operation not permitted")


def test_the_source_is_not_changed(tmp_path: Path) -> None:
    """The source is opened several times, but only for reading."""
    source = draw_video(tmp_path / "long.ts", list(range(19)), options={"g": "1000"})
    shutil.copyfile(source, tmp_path / "before.ts")
    fit_video(source, start_seconds=5, contract=SMALL)
    assert source.read_bytes() == (tmp_path / "before.ts").read_bytes()


@pytest.mark.parametrize(
    ("guessed", "average", "rate"),
    [
        (Fraction(30000, 1001), Fraction(28787, 1000), Fraction(30000, 1001)),
        (Fraction(30000, 1001), Fraction(60000), Fraction(30000, 1001)),  # as in DV
        (Fraction(90000), Fraction(72, 10), Fraction(36, 5)),
        (Fraction(240), Fraction(239), Fraction(240)),
        (None, Fraction(24), Fraction(24)),
        (None, None, Fraction(25)),
    ],
)
def test_the_frame_rate_is_that_of_most_frames(
    guessed: Fraction | None, average: Fraction | None, rate: Fraction
) -> None:
    """FFmpeg's guess is used if it is plausible, because gaps and bursts distort the average."""
    stream = SimpleNamespace(guessed_rate=guessed, average_rate=average)
    assert rate == footage._rate(stream)  # noqa: SLF001 - files would only show what FFmpeg guesses


def test_a_file_with_only_sound_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "sound.mkv"
    with av.open(str(source), "w") as output:
        sound = output.add_stream("aac", rate=SOUND_HZ, layout="mono")
        sound_frame = av.AudioFrame("fltp", "mono", 1024)
        sound_frame.planes[0].update(bytes(sound_frame.planes[0].buffer_size))
        sound_frame.sample_rate = SOUND_HZ
        output.mux([*sound.encode(sound_frame), *sound.encode(None)])
    with pytest.raises(MediaError, match="has no picture that can be decoded"):
        fit_video(source)


def test_a_stream_with_a_gap_is_refused(tmp_path: Path) -> None:
    """Otherwise nobody would notice the missing part."""
    parts = [write_video(tmp_path, f"{side}.ts", container="mpegts", height_px=side).read_bytes() for side in (36, 64)]
    source = tmp_path / "joined.ts"
    source.write_bytes(b"".join(parts))
    with pytest.raises(MediaError, match="is cut off or damaged"):
        fit_video(source)


@pytest.mark.parametrize(
    ("height_px", "message"), [(8192, "Invalid data"), (8193, "more than 67108864 pixels, too many")]
)
def test_frames_that_are_too_large_are_refused(height_px: int, message: str, tmp_path: Path) -> None:
    """The sizes in the header are enough, and no frame is decoded."""
    source = write_video(tmp_path, "large.avi", container="avi", codec="rawvideo")
    sides = struct.pack("<II", 64, 36)  # as in the format of the only stream
    content = source.read_bytes()
    place = content.index(sides, content.index(b"strf"))
    source.write_bytes(content[:place] + struct.pack("<II", 8192, height_px) + content[place + 8 :])
    with pytest.raises(MediaError, match=message):
        fit_video(source)
