"""Make test videos: real ones with PyAV, unusual ones by moving their boxes.

The same arguments always produce the same video, and each video is encoded only once.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import ceil, lcm
from typing import Any

import av

_CODECS = {"webm": "libvpx"}
_FAST = {
    "libx264": {"preset": "ultrafast", "crf": "51", "threads": "1"},
    "libvpx": {"deadline": "realtime", "cpu-used": "16"},
}
_SOUND_HZ = 48000
_SOUND_SAMPLES = 1024  # for one frame
_MATRIX = 40  # offset in a track header of version 0; the sides follow it
_SIDES = 76
_TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
_ONE = 1 << 16

# What cameras, tools and servers write after the last box.
TRAILERS = {
    "ID3v1": b"TAG" + b"a title".ljust(125, b"\0"),
    "RIFF": b"RIFF" + struct.pack("<I", 20) + b"LIST" + bytes(12),
    "form": b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n",
    "LigoGPS": b"LIGOGPSINFO\0" + bytes(range(200)),
    "Insta360": b"\xff\x01\x02\x03" + bytes(range(256)) * 9 + b"8db42d694ccc418790edff439fe026bf",
    "Kenwood": b"\0\0\0\x02VIDEOUUU" + bytes(40),
    "a box that breaks off": struct.pack(">I4s", 99, b"free") + bytes(9),
    "zeros": bytes(999),
}


@dataclass(frozen=True, kw_only=True)
class Video:
    """The description of a video; `build` makes it. Only the first five attributes affect the encoding.

    Attributes:
        container: A container that FFmpeg writes: `mp4`, `mov`, `ipod` (M4V), `3gp`, `webm`, `avi`, `mpegts`, `flv`.
        width_px: Stored width in pixels, before any rotation.
        height_px: Stored height in pixels, before any rotation.
        seconds: Duration in seconds, as a number or a fraction. If it is not a whole number of frames, only the movie's
            header has it.
        frames_per_second: A number or a fraction.
        codec: FFmpeg's encoder, or None for a suitable one.
        has_sound: Whether there is a silent audio track (AAC).
        is_fragmented: Whether it consists of fragments.
        is_faststart: Whether the header comes first.
        rotation: The clockwise rotation by players in degrees: 0, 90, 180, 270.
        pixel_aspect: Width and height of one pixel.
        brands: The major brand and the compatible ones that replace FFmpeg's. An empty list means none at all.
        file_size: Exact size in bytes, reached with an empty box at the end.
        truncate_to: Bytes of the file to keep.
    """

    container: str = "mp4"
    width_px: int = 1920
    height_px: int = 1080
    seconds: str = "3"
    frames_per_second: str = "5"
    codec: str | None = None
    has_sound: bool = False
    is_fragmented: bool = False
    is_faststart: bool = True
    rotation: int = 0
    pixel_aspect: Iterable[int] = (1, 1)
    brands: Iterable[str] | None = None
    file_size: int | None = None
    truncate_to: int | None = None

    def build(self) -> bytes:
        """Return the content of the MP4 file."""
        data = self._build()
        if self.file_size is not None:
            data += _free(self.file_size - len(data)) + bytes(self.file_size - len(data) - 8)
        return data[: self.truncate_to]

    def open(self) -> RecordedFile:
        """Return the file for reading. An empty box at its end takes no memory."""
        data = self._build()
        if self.file_size is not None:
            return RecordedFile(data + _free(self.file_size - len(data)), size=self.file_size)
        return RecordedFile(data[: self.truncate_to])

    def _build(self) -> bytes:
        frames = ceil(Fraction(self.seconds) * Fraction(self.frames_per_second))
        data = _encode(
            self.container,
            (self.width_px, self.height_px),
            frames,
            Fraction(self.frames_per_second),
            self.codec or _CODECS.get(self.container, "libx264"),
            pixel_aspect=Fraction(*self.pixel_aspect),
            has_sound=self.has_sound,
            is_fragmented=self.is_fragmented,
        )
        if self.rotation:
            data = edit_boxes(data, "moov/trak/tkhd", lambda old: with_matrix(old, *_TURNS[self.rotation]))
        if frames / Fraction(self.frames_per_second) != Fraction(self.seconds):
            data = edit_boxes(data, "moov/mvhd", lambda old: with_duration(old, Fraction(self.seconds)))
        if self.brands is not None:
            data = _with_brands(data, [brand.encode() for brand in self.brands])
        is_of_boxes = self.container in ("mp4", "mov", "ipod", "3gp")
        return moov_first(data) if self.is_faststart and is_of_boxes and not self.is_fragmented else data


class RecordedFile:
    """A file in memory that records its reads.

    Attributes:
        size: Its claimed size in bytes. Zeros follow its content.
        reads: Offset and length in bytes of each read.
    """

    def __init__(self, content: bytes, size: int | None = None, *, tells_size: bool = True) -> None:
        """Open a file with this content."""
        self._content = content
        self._length = len(content) if size is None else size
        self.size = self._length if tells_size else None
        self.reads: list[tuple[int, int]] = []

    @property
    def read_bytes(self) -> int:
        """The number of bytes read."""
        return sum(count for _, count in self.reads)

    def peek(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer at the end of the file."""
        assert offset >= 0
        count = max(min(count, self._length - offset), 0)
        self.reads.append((offset, count))
        return self._content[offset : offset + count].ljust(count, b"\0")


@cache
def _encode(  # noqa: PLR0913 - what makes a file another one
    container: str,
    size: tuple[int, int],
    frames: int,
    rate: Fraction,
    codec: str,
    *,
    pixel_aspect: Fraction,
    has_sound: bool,
    is_fragmented: bool,
) -> bytes:
    """Return a video of grey frames."""
    file = io.BytesIO()
    options = {"fflags": "+bitexact"}  # without random numbers
    if is_fragmented:
        options["movflags"] = "frag_keyframe+empty_moov+default_base_moof"
    fast = _FAST.get(codec, {})
    with av.open(file, "w", format=container, options=options) as output:
        picture: Any = output.add_stream(codec, rate=rate, options=fast)
        picture.width, picture.height = size
        picture.pix_fmt = {"mjpeg": "yuvj420p", "prores_ks": "yuv422p10le"}.get(codec, "yuv420p")
        picture.gop_size = 5  # frames, each in its own fragment
        picture.codec_context.sample_aspect_ratio = pixel_aspect
        sound: Any = output.add_stream("aac", rate=_SOUND_HZ, layout="mono") if has_sound else None
        for number in range(frames):
            output.mux(picture.encode(_frame(size, picture.pix_fmt, number)))
        output.mux(picture.encode(None))
        if sound is not None:
            for number in range(int(frames / rate * _SOUND_HZ) // _SOUND_SAMPLES):
                output.mux(sound.encode(_silence(number)))
            output.mux(sound.encode(None))
    return file.getvalue()


def _frame(size: tuple[int, int], pixels: str, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(*size, pixels)
    for plane in frame.planes:
        plane.update(b"\x80" * plane.buffer_size)
    frame.pts = number
    return frame


def _silence(number: int) -> av.AudioFrame:
    frame = av.AudioFrame("fltp", "mono", _SOUND_SAMPLES)
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    frame.sample_rate = _SOUND_HZ
    frame.pts = number * _SOUND_SAMPLES
    return frame


def box(kind: str, *content: bytes) -> bytes:
    """Return an MP4 box with this type and content."""
    joined = b"".join(content)
    return struct.pack(">I4s", 8 + len(joined), kind.encode("latin-1")) + joined


def long_box(kind: str, content: bytes) -> bytes:
    """Return a box with a size field of 64 bits."""
    return struct.pack(">I4sQ", 1, kind.encode(), 16 + len(content)) + content


def boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the type and the content of each box, for boxes with sizes of 32 bits."""
    while data:
        size, kind = struct.unpack_from(">I4s", data)
        yield kind.decode("latin-1"), data[8:size]
        data = data[size:]


def content_of(data: bytes, path: str) -> bytes:
    """Return the content of the first box along a path."""
    for wanted in path.split("/"):
        data = next(content for kind, content in boxes(data) if kind == wanted)
    return data


def edit_boxes(data: bytes, path: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """Return boxes with all boxes at a path changed, or removed if the change is None."""
    wanted, _, inner = path.partition("/")
    result = []
    for kind, content in boxes(data):
        new: bytes | None = content
        if kind == wanted:
            new = edit_boxes(content, inner, change) if inner else change(content)
        result.append(b"" if new is None else box(kind, new))
    return b"".join(result)


def with_matrix(track_header: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """Return a track header's content that rotates and stretches the picture."""
    a, b, c, d = (round(number * _ONE) for number in (a, b, c, d))
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    return overwrite(track_header, _MATRIX, matrix)


def with_sides(track_header: bytes, width: float, height: float) -> bytes:
    """Return a track header's content with these sides."""
    return overwrite(track_header, _SIDES, struct.pack(">II", round(width * _ONE), round(height * _ONE)))


def compress_header(data: bytes) -> bytes:
    """Return a file with a compressed header, as QuickTime once wrote it."""
    header = box("moov", content_of(data, "moov"))
    packed = box("cmvd", struct.pack(">I", len(header)), zlib.compress(header))
    return edit_boxes(data, "moov", lambda _: box("cmov", box("dcom", b"zlib"), packed))


def mark_encrypted(data: bytes, entry: str = "avc1", by: str = "encv") -> bytes:
    """Return a file that claims to need a key."""
    scheme = box("schm", bytes(4), b"cenc", bytes(4))
    sinf = box("sinf", box("frma", entry.encode()), scheme)

    def renamed(entries: bytes) -> bytes:
        (kind, content), *others = boxes(entries[8:])
        return (
            entries[:8]
            + (box(by, content, sinf) if kind == entry else box(kind, content))
            + b"".join(box(*other) for other in others)
        )

    return edit_boxes(data, "moov/trak/mdia/minf/stbl/stsd", renamed)


def with_duration(movie_header: bytes, seconds: Fraction) -> bytes:
    """Return a movie header's content with exactly this duration."""
    per_second = lcm(1000, seconds.denominator)  # FFmpeg counts in thousandths
    return overwrite(movie_header, 12, struct.pack(">II", per_second, int(seconds * per_second)))


def overwrite(data: bytes, offset: int, replacement: bytes) -> bytes:
    """Return a copy of the data with the bytes at an offset replaced."""
    return data[:offset] + replacement + data[offset + len(replacement) :]


def moov_first(data: bytes) -> bytes:
    """Return a file with its header before its media, and the media's new places in the header."""
    parts = list(boxes(data))
    by = len(box("moov", content_of(data, "moov")))

    def moved(table: bytes) -> bytes:
        count, *offsets = struct.unpack(f">{len(table) // 4 - 1}I", table[4:])
        return table[:4] + struct.pack(f">{1 + count}I", count, *(offset + by for offset in offsets))

    header = edit_boxes(box("moov", content_of(data, "moov")), "moov/trak/mdia/minf/stbl/stco", moved)
    first = [box(*part) for part in parts if part[0] == "ftyp"]
    media = [box(*part) for part in parts if part[0] not in ("ftyp", "moov")]
    return b"".join([*first, header, *media])


def _with_brands(data: bytes, brands: list[bytes]) -> bytes:
    """Return a file with other brands. The places in its header are then wrong."""
    others = b"".join(box(*part) for part in boxes(data) if part[0] != "ftyp")
    return (box("ftyp", brands[0], bytes(4), *brands[1:]) if brands else b"") + others


def _free(size: int) -> bytes:
    """Return the beginning of an empty box of the given size in bytes."""
    return struct.pack(">I4s", size, b"free")
