"""Copies from `kling-elements fit`."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes
from contract_tests.support.drawn_videos import draw_video
from kling_elements.cli.exits import Exit
from kling_elements.media import check_image, check_video


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an image that is too small in the working directory, and return its path."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.png"
    Image.new("RGB", (200, 200), "blue").save(path)
    return path


def test_a_copy_is_made_beside_the_original(kling_elements: CommandLine, small: Path) -> None:
    """The path goes to stdout and the changes to stderr. The original stays unchanged."""
    before = small.read_bytes()

    result = kling_elements("fit", "small.png")

    assert (Exit.DONE, "small-fitted.png\n") == (result.code, result.out)
    assert "small.png: enlarged from 200x200 px to 300x300 px" in result.err
    assert check_image(Path("small-fitted.png")).conforms
    assert before == small.read_bytes()


@pytest.mark.usefixtures("small")
def test_copies_go_to_a_folder(kling_elements: CommandLine) -> None:
    """The folder is created. With --json, the changes are part of the result."""
    result = kling_elements("fit", "small.png", "--to", "fitted", "--background", "navy", "--json")

    assert ("fitted/small.png", 2) == (result.json()["path"], len(result.json()["changes"]))


@pytest.mark.usefixtures("small")
def test_a_copy_that_exists_is_replaced_only_with_force(kling_elements: CommandLine) -> None:
    """A second run loses nothing without --force."""
    Path("small-fitted.png").write_text("precious")

    refused = kling_elements("fit", "small.png")
    kept = Path("small-fitted.png").read_text()
    forced = kling_elements("fit", "small.png", "--force")

    assert (Exit.REFUSED_HERE, "precious", Exit.DONE) == (refused.code, kept, forced.code)
    assert "already exists; pass --force to replace it" in refused.err
    assert check_image(Path("small-fitted.png")).conforms


def test_the_original_is_never_replaced(kling_elements: CommandLine, small: Path) -> None:
    """Even --force does not replace the original."""
    before = small.read_bytes()

    result = kling_elements("fit", "small.png", "--to", ".", "--force")

    assert Exit.REFUSED_HERE == result.code
    assert "would replace the original" in result.err
    assert before == small.read_bytes()


@pytest.mark.usefixtures("small")
def test_one_bad_file_does_not_stop_the_others(kling_elements: CommandLine) -> None:
    """With --json, each file gets a line."""
    Path("page.jpg").write_text("<!doctype html>")

    bad, good = kling_elements("fit", "page.jpg", "small.png", "--json").lines()

    assert ("page.jpg", "small-fitted.png") == (bad["source"], good["path"])
    assert "error" in bad


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "pass at least one image or video"),
        (("small.png", "--background", "no-colour"), "--background no-colour: "),
        (("small.png", "--ratio", "stretch"), 'Choose from: "pad", "crop"'),
    ],
)
def test_wrong_usage_is_code_2(kling_elements: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    """The message says what is allowed."""
    result = kling_elements("fit", *arguments)

    assert Exit.USAGE == result.code
    assert message in result.err


@pytest.mark.usefixtures("small")
def test_a_folder_that_cannot_be_created_is_reported(kling_elements: CommandLine) -> None:
    """The error is reported if a file has the folder's name."""
    Path("taken").write_text("")

    result = kling_elements("fit", "small.png", "--to", "taken")

    assert Exit.REFUSED_HERE == result.code
    assert "error: taken/small.png: cannot be written: " in result.err


@pytest.mark.usefixtures("small")
def test_copies_of_one_command_do_not_replace_each_other(kling_elements: CommandLine) -> None:
    """Even --force does not replace them. The last line shows the numbers of both kinds."""
    Image.new("RGB", (200, 200), "red").save("small.bmp")

    result = kling_elements("fit", "small.png", "small.bmp", "--to", "copies", "--force")

    assert (Exit.REFUSED_HERE, "copies/small.png\n") == (result.code, result.out)
    assert (
        "error: small.bmp: its copy would have the same name as the copy of small.png; choose another folder"
        in result.err
    )
    assert "1 written, 1 failed" == result.err.splitlines()[-1]


def test_a_folder_is_refused_with_what_to_do(kling_elements: CommandLine, tmp_path: Path) -> None:
    """The advice is a pattern that matches the files in the folder."""
    result = kling_elements("fit", tmp_path)

    assert f"error: {tmp_path}: is a folder; pass the files in it" in result.err


def test_a_video_is_fitted(env: dict[str, str], kling_elements: CommandLine, tmp_path: Path) -> None:
    """A terminal shows the progress, and a pipe gets only the path."""
    draw_video(tmp_path / "clip.mp4", list(range(20)), size=(320, 320), rate=5)

    on_terminal = run_in_terminal(["fit", "clip.mp4"], env, cwd=tmp_path)
    in_pipe = run_process(["fit", "clip.mp4", "--to", "copies"], env, cwd=tmp_path)
    again = kling_elements("fit", tmp_path / "clip.mp4", "--force", "--json")

    assert 0 == on_terminal.code
    assert "fitting clip.mp4" in without_escapes(on_terminal.out)
    assert (0, "copies/clip.mp4\n") == (in_pipe.code, in_pipe.out)
    assert check_video(Path(again.json()["path"])).conforms
    assert [] == list(tmp_path.glob("*.new.mp4"))
