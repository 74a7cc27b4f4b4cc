"""Find the codec of a track in an MP4 or MOV file from its sample entry (registered at mp4ra.org)."""

from __future__ import annotations

from typing import Final

from kling_elements.media.mp4_boxes import Box, BrokenBoxError, code_name

VISUAL_ENTRY = 78  # bytes of the fields of a video sample entry, before the boxes inside it
_AUDIO_ENTRIES: Final = {0: 28, 1: 44, 2: 64}  # the same for audio, by QuickTime's version of the entry

_CODECS: Final = {
    **dict.fromkeys(("avc1", "avc2", "avc3", "avc4"), "h264"),
    **dict.fromkeys(("hvc1", "hev1", "dvh1", "dvhe"), "hevc"),
    **dict.fromkeys(("ap4h", "ap4x", "apcn", "apch", "apcs", "apco"), "prores"),
    **dict.fromkeys(("jpeg", "mjpa", "mjpb"), "mjpeg"),
    **dict.fromkeys(("s263", "h263"), "h263"),
    "av01": "av1",
    "vp08": "vp8",
    "vp09": "vp9",
    "vvc1": "vvc",
    "vvi1": "vvc",
    "mp4v": "mpeg4",
    "png": "png",
    "mp4a": "aac",
    ".mp3": "mp3",
    "ac-3": "ac3",
    "ec-3": "eac3",
    "Opus": "opus",
    "fLaC": "flac",
    "samr": "amr_nb",
    "sowt": "pcm_s16le",
    "twos": "pcm_s16be",
}

# These entries can contain several codecs. The object type in their `esds` box identifies the codec.
_MPEG4: Final = frozenset({b"mp4a", b"mp4v"})
_OBJECT_TYPES: Final = {
    **dict.fromkeys(range(0x60, 0x66), "mpeg2video"),
    **dict.fromkeys((0x69, 0x6B), "mp3"),
    0x20: "mpeg4",
    0x21: "h264",
    0x40: "aac",
    0x6A: "mpeg1video",
    0x6C: "mjpeg",
    0x6D: "png",
    0xA5: "ac3",
    0xA6: "eac3",
    0xA9: "dts",
    0xAD: "opus",
    0xDD: "vorbis",
    0xE1: "qcelp",
}
_STREAM, _DECODER = 3, 4  # the kinds of the nested descriptors around the object type
_STREAM_FIELDS = 3  # bytes of the fields of a stream descriptor without optional fields
_MORE = 0x80  # the bit that is set if a descriptor's length continues in the next byte

_ENCRYPTED: Final = frozenset({b"encv", b"enca", b"drmi", b"drms"})


def codec_of(entry: Box) -> str:
    """Return the codec of a sample entry, such as `h264`, or its four-letter code if the codec is unknown."""
    if entry.kind in _MPEG4 and (inside := _OBJECT_TYPES.get(_object_type(entry) or 0)):
        return inside
    code = code_name(entry.kind)
    return _CODECS.get(code, code)


def is_encrypted(entry: Box) -> bool:
    """Return whether you need a key to play a track with this sample entry."""
    return entry.kind in _ENCRYPTED


def _object_type(entry: Box) -> int | None:
    """Return the object type in an `esds` box, which MOV files nest one level deeper, or None if there is none."""
    try:
        (version,) = entry.unpack(">H", 8)
        skip = VISUAL_ENTRY if entry.kind == b"mp4v" else _AUDIO_ENTRIES.get(version, _AUDIO_ENTRIES[0])
        inner = {box.kind: box for box in entry.children(skip)}
        esds = inner.get(b"esds") or (inner[b"wave"].find(b"esds") if b"wave" in inner else None)
    except BrokenBoxError:  # ignored because the codec is for information only
        return None
    return None if esds is None else _in_descriptors(bytes(esds.content[4:]))


def _in_descriptors(content: bytes) -> int | None:
    """Return the object type, the first byte of the decoder descriptor inside the stream descriptor."""
    stream = _descriptor(content, _STREAM)
    decoder = _descriptor(stream[_STREAM_FIELDS:], _DECODER)
    return decoder[0] if decoder else None


def _descriptor(content: bytes, kind: int) -> bytes:
    """Return the content of a descriptor, without its kind and length, or empty bytes if the kind differs."""
    if content[:1] != bytes([kind]):
        return b""
    at = 1
    while content[at : at + 1] >= bytes([_MORE]):
        at += 1
    return content[at + 1 :]
