"""Whatever happens to the bytes of a video, judging it ends in a report, after few reads."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from contract_tests.reading.videos import Opened, Video
from contract_tests.support.judged_videos import SMALL, judged

_MUTANTS = 20_000  # of each file, in so many parts
_PARTS = 4
_KINDS = [
    b"moov",
    b"trak",
    b"tkhd",
    b"mdia",
    b"mdhd",
    b"hdlr",
    b"stsd",
    b"stts",
    b"mvex",
    b"mvhd",
    b"mdat",
    b"moof",
    b"ftyp",
]
_SIZES = [0, 1, 7, 8, 9, 16, 2**31 - 1, 2**31, 2**32 - 1]
_RULES = {"R20", "R21", "R22", "R23"}


def _mutant(data: bytes, choose: random.Random) -> bytes:
    """Return the bytes with one to three changes."""
    made = bytearray(data)
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(made) + 1)
        change = choose.randrange(5)
        if change == 0:
            made[at : at + 1] = choose.randbytes(1)
        elif change == 1:
            made[at:at] = choose.randbytes(choose.randint(1, 9))
        elif change == 2:
            del made[at : at + choose.choice([1, 4, 8, 100, 10_000])]
        else:
            at = max(made.find(choose.choice(_KINDS)), 4)
            size = choose.choice(_SIZES) if change == 3 else choose.getrandbits(12)
            made[at - 4 : at] = struct.pack(">I", size)
    return bytes(made)


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize(
    "options",
    [{"container": "mp4"}, {"container": "mov", "is_faststart": False}, {"is_fragmented": True}],
    ids=["mp4", "mov", "fragmented"],
)
def test_no_change_of_bytes_leads_to_an_exception(options: dict[str, Any], part: int) -> None:
    """20,000 mutants of each kind of file end in reports whose violations name rules, and take few and short reads."""
    data = Video(**SMALL, **options, has_sound=True).build()
    choose = random.Random(f"{options} {part}")
    refused = 0
    for _ in range(_MUTANTS // _PARTS):
        file = Opened(_mutant(data, choose), tells_size=choose.random() < 0.8)
        report = judged(file)
        assert _RULES >= {found.rule for found in report.violations}
        assert _RULES >= {rule for rule, _ in report.unjudged}
        assert 24 >= len(file.reads)
        assert 3 * len(data) + 1000 >= file.read_bytes
        refused += any(found.rule == "R20" for found in report.violations)
    assert _MUTANTS // _PARTS // 5 < refused < _MUTANTS // _PARTS
