"""Checks of files, folders and URLs with `kling-elements check`."""

from __future__ import annotations

import base64
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from contract_tests.reading.videos import Video
from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process, without_escapes
from contract_tests.support.pillow_pictures import encode, noise
from kling_elements.cli.exits import Exit


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a folder with files of every kind in the working directory, and return it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    Image.new("RGB", (600, 600), "brown").save(folder / "mara.jpg")
    Image.new("RGB", (200, 200), "blue").save(folder / "more" / "small.jpg", "PNG")
    (folder / "clip.mp4").write_bytes(Video().build())
    (folder / "notes.txt").write_text("buy film")
    (folder / "page.jpg").write_text("<!doctype html><title>Sign in</title>")
    (folder / ".hidden.jpg").write_text("not an image")
    (folder / "mara.json").write_text(json.dumps(_request("mara.jpg", "more/small.jpg")))
    return folder


def _request(front: str, refer: str, **members: object) -> dict[str, object]:
    images = {"frontal_image": front, "refer_images": [{"image_url": refer}]}
    common = {"element_name": "Mara", "element_description": "A pilot", "reference_type": "image_refer"}
    return {**common, "element_image_list": images, **members}


def _video_request(url: str) -> dict[str, object]:
    common = {"element_name": "Mara", "element_description": "A pilot", "reference_type": "video_refer"}
    return {**common, "element_video_list": {"refer_videos": [{"video_url": url}]}}


class _Files(SimpleHTTPRequestHandler):
    """A file server without a log."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.mark.usefixtures("folder")
def test_a_folder_is_checked_with_all_files_in_it(kling_elements: CommandLine) -> None:
    """Each file gets a line. Its content decides how it is checked; hidden files are left out."""
    result = kling_elements("check", "photos", "--json")

    results = {Path(value["source"]).name: value for value in result.lines()}
    statuses = {name: (value["kind"], value["status"]) for name, value in results.items()}
    assert {
        "mara.jpg": ("image", "ok"),
        "small.jpg": ("image", "refused"),
        "clip.mp4": ("video", "ok"),
        "notes.txt": ("other", "skipped"),
        "page.jpg": ("image", "refused"),
        "mara.json": ("request", "refused"),
    } == statuses
    assert ["R16"] == [violation["rule"] for violation in results["small.jpg"]["violations"]]
    assert (Exit.REFUSED_HERE, "5 checked, 3 refused, 1 skipped") == (result.code, result.err.splitlines()[0])


@pytest.mark.usefixtures("folder")
def test_a_refused_image_is_followed_by_the_command_that_helps(kling_elements: CommandLine) -> None:
    """The copies that the command makes conform."""
    result = kling_elements("check", "photos/more/small.jpg")
    command = result.err.removeprefix("next: ").split()

    assert result.out.startswith("refused  photos/more/small.jpg  200x200 px  the image is shown as 200x200 px")
    assert result.out.endswith("[R16]\n")
    copy = kling_elements(*command[1:]).out.strip()
    assert Exit.DONE == kling_elements("check", copy).code


@pytest.mark.usefixtures("folder")
def test_the_details_of_all_files_begin_in_the_same_column(kling_elements: CommandLine) -> None:
    """A name of more than 40 characters is not shortened, and does not push the other details aside."""
    long = Path("photos", "m" * 50 + ".jpg")
    Image.new("RGB", (600, 600), "brown").save(long)

    short, longer, longest = kling_elements("check", "photos/mara.jpg", "photos/clip.mp4", long).out.splitlines()

    assert (49 + 2, 49 + 2) == (short.index("600x600"), longer.index("1920x1080"))
    assert f"ok       {long}  600x600 px" == longest


@pytest.mark.parametrize(
    ("sources", "steps"),
    [
        (["mara.jpg", "clip.mp4"], []),
        (["more", "page.jpg"], ["kling-elements fit photos/more/small.jpg", "use other files"]),
        (["mara.json"], ["kling-elements create --file photos/mara.json --fit (sends copies that conform)"]),
        (["wrong.yaml"], ["correct photos/wrong.yaml, then run kling-elements check photos/wrong.yaml"]),
        (["both.yaml"], ["correct photos/both.yaml, then run kling-elements check photos/both.yaml"]),
        (["base64.yaml"], ["correct photos/base64.yaml, then run kling-elements check photos/base64.yaml"]),
    ],
    ids=lambda value: " ".join(value)[:20],
)
def test_each_refused_source_is_followed_by_what_to_do(
    kling_elements: CommandLine, folder: Path, sources: list[str], steps: list[str]
) -> None:
    """`fit` is suggested only if it repairs every fault of the file."""
    (folder / "wrong.yaml").write_text(json.dumps(_request("mara.jpg", "mara.jpg", element_name="")))
    small = base64.b64encode(encode(noise(200, 200))).decode()  # not a file, so --fit leaves it alone
    (folder / "base64.yaml").write_text(json.dumps(_request("mara.jpg", small)))
    (folder / "both.yaml").write_text(json.dumps(_request("mara.jpg", "more/small.jpg", element_name="")))

    result = kling_elements("check", *(f"photos/{source}" for source in sources))

    lines = [line.removeprefix("next: ") for line in result.err.splitlines() if line.startswith("next: ")]
    assert len(steps) == len(lines)
    assert all(line.startswith(step) for line, step in zip(lines, steps, strict=True))


@pytest.mark.usefixtures("folder")
def test_files_that_cannot_be_fitted_are_listed(kling_elements: CommandLine) -> None:
    """The list shows at once which photographs to replace."""
    result = kling_elements("check", "photos", "nobody.jpg")

    files = "photos/page.jpg, nobody.jpg"
    message = f"next: use other files or URLs in place of {files}; kling-elements fit can't repair them"
    assert message == result.err.splitlines()[-1]


@pytest.mark.usefixtures("folder")
def test_a_request_file_is_checked_with_its_images(kling_elements: CommandLine, folder: Path) -> None:
    """The line contains the place in the request and the path of the image."""
    result = kling_elements("check", "photos/mara.json")
    (folder / "good.yaml").write_text(json.dumps(_request("mara.jpg", "mara.jpg")))
    (folder / "missing.yaml").write_text(json.dumps(_request("mara.jpg", "nobody.jpg")))
    (folder / "broken.yaml").write_text("element_name: [")

    assert "/element_image_list/refer_images/0/image_url: photos/more/small.jpg: the image is shown as" in result.out
    assert "ok       photos/good.yaml\n" == kling_elements("check", "photos/good.yaml").out
    assert "nobody.jpg: cannot be read: No such file" in kling_elements("check", "photos/missing.yaml").out
    assert "refused  photos/broken.yaml  is not valid YAML" in kling_elements("check", "photos/broken.yaml").out


def test_a_file_that_cannot_be_read_is_refused(kling_elements: CommandLine, tmp_path: Path) -> None:
    """A missing file is refused, and the other sources are still checked."""
    result = kling_elements("check", tmp_path / "nobody.jpg", "https://media.example.com/v.mp4")

    first, second = result.out.splitlines()
    assert "cannot be read: No such file or directory [file]" in first
    assert second.split(maxsplit=2)[2].startswith("only the URL was checked")


def test_an_address_is_checked_by_itself_without_remote(kling_elements: CommandLine) -> None:
    """The service cannot fetch ftp, so the contract's rule refuses such a URL, and only once."""
    image, video = kling_elements("check", "ftp://media.example.com/a.jpg", "ftp://x.test/v.mp4", "--json").lines()

    assert ["R13"] == [violation["rule"] for violation in image["violations"]]
    assert 1 == len(video["violations"])


def test_check_needs_a_source(kling_elements: CommandLine) -> None:
    assert Exit.USAGE == kling_elements("check").code


def test_private_addresses_are_not_read(kling_elements: CommandLine, folder: Path) -> None:
    """Private addresses are refused in arguments and in request files, and their queries are hidden."""
    private = "http://127.0.0.1:1/a.jpg"
    (folder / "remote.json").write_text(json.dumps(_request(private, private)))

    address, request = kling_elements("check", f"{private}?key=1", folder / "remote.json", "--remote", "--json").lines()

    assert (private, "refused") == (address["source"], address["status"])
    assert "private" in address["violations"][0]["message"]
    assert "/element_image_list/frontal_image" == request["violations"][0]["pointer"]


def test_media_at_addresses_are_checked_with_remote(kling_elements: CommandLine, folder: Path) -> None:
    """As for files, the result contains the size of an image and the duration of a video."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        (folder / "remote.json").write_text(json.dumps(_request(f"{url}/mara.jpg", f"{url}/more/small.jpg")))
        (folder / "clip.json").write_text(json.dumps(_video_request(f"{url}/clip.mp4")))
        sources = (f"{url}/mara.jpg", f"{url}/clip.mp4", folder / "remote.json", folder / "clip.json")
        result = kling_elements("check", *sources, "--remote", "--allow-private")
        server.shutdown()

    image, video, request, with_video = result.out.splitlines()
    assert image.split()[:3] == ["ok", f"{url}/mara.jpg", "600x600"]
    assert video.split()[:2] == ["ok", f"{url}/clip.mp4"]
    assert " s" in video
    assert "refer_images/0/image_url: the image is shown as 200x200 px" in request
    assert with_video.startswith("ok")


def test_check_as_a_process(env: dict[str, str], folder: Path) -> None:
    """A terminal gets colours; a pipe gets none."""
    arguments = ["check", "photos/mara.jpg", "photos/page.jpg"]
    in_pipe = run_process(arguments, env, cwd=folder.parent)
    on_terminal = run_in_terminal(arguments, env, cwd=folder.parent).out

    assert in_pipe.out == "".join(without_escapes(on_terminal).splitlines(keepends=True)[:2])
    assert "\x1b[32mok     \x1b[0m  photos/mara.jpg" in on_terminal
    assert "\x1b[31mrefused\x1b[0m  photos/page.jpg" in on_terminal
    assert "\x1b" not in run_in_terminal(arguments, env | {"NO_COLOR": "1"}, cwd=folder.parent).out
