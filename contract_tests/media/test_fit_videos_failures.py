"""If a video cannot be copied, you get one MediaError, and no file is left or overwritten."""

from __future__ import annotations

import errno
import math
import random
import resource
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from contract_tests.reading.videos import Video
from contract_tests.support.drawn_videos import holds_only, write_video
from contract_tests.support.media_inputs import contract_with
from kling_elements.media import fit_videos
from kling_elements.media.fit_videos import fit_video
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), OSError("mine")])
@pytest.mark.parametrize("part", [0.0, 0.99])
def test_an_error_in_the_progress_callback_stops_the_work(error: BaseException, part: float, tmp_path: Path) -> None:
    """The same exception object is raised, and no file is left."""
    source = write_video(tmp_path)

    def stop(done: float) -> None:
        if done > part:
            raise error

    with pytest.raises(type(error)) as caught:
        fit_video(source, progress=stop)
    assert error is caught.value
    assert holds_only(tmp_path, source)


def test_a_source_that_cannot_be_copied_raises_a_media_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source's disk fails during the copy."""
    monkeypatch.setattr(shutil, "copyfile", _refuse)
    source = write_video(tmp_path, width_px=1920, height_px=1080)
    with pytest.raises(MediaError, match="cannot be copied: broken"):
        fit_video(source)
    assert holds_only(tmp_path, source)


def _refuse(*_: object) -> None:
    raise OSError(errno.EIO, "broken")


@pytest.mark.parametrize("is_copied", [True, False])
def test_the_error_for_a_full_disk_contains_the_target(is_copied: bool, tmp_path: Path) -> None:  # noqa: FBT001 - rows
    """The error says what to do. No file is left, whether the source was copied or encoded."""
    size: dict[str, Any] = {"width_px": 1920, "height_px": 1080} if is_copied else {"width_px": 64, "height_px": 36}
    source, target = write_video(tmp_path, has_sound=True, **size), tmp_path / "copy.mp4"
    with _room_for(1000), pytest.raises(MediaError) as caught:
        fit_video(source, target)
    message = "cannot be written: File too large; free some space, or choose a target on another disk"
    assert (str(target), message) == (caught.value.source, caught.value.reason)
    assert holds_only(tmp_path, source)


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """Limit the size of files to some bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["source.mp4", "other.mp4"])
def test_no_file_is_overwritten(name: str, tmp_path: Path) -> None:
    """Neither the source nor another file is replaced."""
    source = write_video(tmp_path)
    target = tmp_path / name
    shutil.copyfile(source, tmp_path / "other.mp4")
    content = target.read_bytes()
    with pytest.raises(MediaError, match="already exists"):
        fit_video(source, target)
    assert content == target.read_bytes()


def test_a_target_that_cannot_be_written_raises_a_media_error(tmp_path: Path) -> None:
    """The error contains the path of the target."""
    with pytest.raises(MediaError, match=r"missing.*cannot be written"):
        fit_video(write_video(tmp_path), tmp_path / "missing" / "copy.mp4")


def test_without_pyav_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error contains the command that installs the extra."""
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MediaError, match=r"pip install 'kling-elements\[video\]'"):
        fit_video(write_video(tmp_path))


_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be decoded"),
        (b"hello" * 999, "cannot be decoded"),
        (_PLAYLIST, "cannot be decoded"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "cannot be decoded"),
        (Video(width_px=64, height_px=36, truncate_to=-9).build(), "is cut off"),
        (Video(width_px=64, height_px=36, is_faststart=False, truncate_to=900).build(), r"\(R20\)"),
    ],
)
def test_a_hostile_video_raises_a_media_error(content: bytes, reason: str, tmp_path: Path) -> None:
    """Empty files, other formats, playlists and incomplete files raise it, and no file is left."""
    source = tmp_path / "hostile.mp4"
    source.write_bytes(content)
    with pytest.raises(MediaError, match=reason) as caught:
        fit_video(source)
    assert str(source) == caught.value.source
    assert holds_only(tmp_path, source)


def test_a_video_copy_that_does_not_conform_is_never_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each copy is checked, and a copy that breaks R22 leaves no file."""
    settings = fit_videos._settings  # noqa: SLF001 - it returns sizes that the contract allows
    monkeypatch.setattr(fit_videos, "_settings", lambda *args: evolve(settings(*args), sizes=[[64, 36]]))
    source = write_video(tmp_path)
    with pytest.raises(MediaError, match=r"no conforming copy could be made: .* \(R22\); try another video$"):
        fit_video(source)
    assert holds_only(tmp_path, source)


def test_a_mutated_video_is_fitted_or_raises_a_media_error(tmp_path: Path) -> None:
    contract = contract_with(
        "x-video", {"displayed-size": {"one-of-px": [[36, 64]]}}
    )  # small, to save time, and different from the source's
    numbers = random.Random(5)
    original = write_video(tmp_path, has_sound=True).read_bytes()
    source = tmp_path / "mutated.mp4"
    reasons: set[str | None] = set()
    for _ in range(60):
        content = bytearray(original)
        for _ in range(numbers.randint(1, 3)):
            content[numbers.randrange(len(content))] = numbers.randrange(256)
        source.write_bytes(content)
        try:
            copy = fit_video(source, contract=contract)
        except MediaError as error:
            reasons.add(error.reason[:20])
        else:
            reasons.add(None)
            assert copy.report.conforms
            copy.path.unlink()
    assert None in reasons
    assert len(reasons) > 2


@pytest.mark.parametrize("source", ["source.mp4", 5, b"bytes"])
def test_a_video_source_must_be_a_path(source: Any) -> None:
    with pytest.raises(MediaError, match=r"must be a pathlib\.Path"):
        fit_video(source)


@pytest.mark.parametrize("source", ["missing.mp4", "."])
def test_a_missing_video_or_a_folder_is_refused(source: str, tmp_path: Path) -> None:
    """The error contains the path."""
    with pytest.raises(MediaError, match=str(tmp_path)):
        fit_video(tmp_path / source)


@pytest.mark.parametrize(
    "options",
    [
        {"target": "copy.mp4"},
        {"ratio": "stretch"},
        {"start_seconds": -1},
        {"start_seconds": math.nan},
        {"start_seconds": math.inf},
    ],
)
def test_invalid_arguments_for_a_video_are_refused(options: Any) -> None:
    """Arguments are checked before anything is read."""
    with pytest.raises((TypeError, ValueError), match="must be"):
        fit_video(Path("/nowhere/at-all.mp4"), **options)
