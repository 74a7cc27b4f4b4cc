"""Elements are created with `kling-elements create`."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from PIL import Image

from contract_tests.support.command_line import CommandLine, run_process
from kling_elements.cli.exits import Exit
from kling_elements.testing.gateway import MockGateway

_NAMED = ("create", "--name", "Mara", "--description", "A red-haired pilot")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a photograph that conforms and one that is too small in the working directory, and return it."""
    Image.new("RGB", (600, 600), "brown").save(tmp_path / "mara.jpg")
    Image.new("RGB", (200, 200), "blue").save(tmp_path / "small.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("photos")
def test_create_prints_the_id_of_the_task(kling_elements: CommandLine, kling_mock: MockGateway) -> None:
    """For scripts, stdout contains nothing else. The external id and the next command are on stderr."""
    result = kling_elements(*_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--tag", "character")

    task_id = result.out.strip()
    assert (0, 1) == (result.code, len(kling_mock.tasks()))
    assert f"next: kling-elements wait {task_id}\n" in result.err
    assert task_id == kling_elements("get", task_id, "--json").json()["task_id"]


@pytest.mark.usefixtures("photos")
def test_create_with_wait_prints_the_id_of_the_element(kling_elements: CommandLine) -> None:
    """With --json, the command prints the whole element."""
    images = ("--front", "mara.jpg", "--refer", "mara.jpg", "--wait")

    result = kling_elements(*_NAMED, *images)
    element = kling_elements(*_NAMED, *images, "--tag", "animal", "--json").json()

    assert result.out.strip().isdigit()
    assert ("Mara", ["Animal"]) == (element["name"], [tag["name"] for tag in element["tags"]])


@pytest.mark.usefixtures("photos")
def test_an_image_that_breaks_a_rule_is_refused_with_its_option(kling_elements: CommandLine) -> None:
    """The message contains the option, the file, the rule, and the option that helps. Nothing is sent."""
    result = kling_elements(*_NAMED, "--front", "small.png", "--refer", "mara.jpg", "--json")

    assert (Exit.REFUSED_HERE, "ContractError") == (result.code, result.json()["error"]["type"])
    assert "--front small.png: the image is shown as 200x200 px" in result.err
    assert "add --fit to send a copy that conforms [R16]" in result.err
    assert "R16" == result.json()["error"]["violations"][0]["rule"]


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("mara.heic", b"\0\0\0\x18ftypheic" + bytes(99), "it looks like HEIC; convert it to JPEG or PNG [R14]"),
        ("mara.png", b"<!DOCTYPE html>", "it looks like HTML [R14]"),
    ],
)
def test_an_image_that_cannot_be_fitted_is_refused_without_advice_to_fit(
    kling_elements: CommandLine, photos: Path, name: str, content: bytes, advice: str
) -> None:
    """--fit can read neither HEIC without its plugin nor HTML pages."""
    (photos / name).write_bytes(content)

    result = kling_elements(*_NAMED, "--front", name, "--refer", "mara.jpg")

    assert advice in result.err
    assert "fit" not in result.err


def test_an_image_in_base64_is_refused_without_advice_to_fit(kling_elements: CommandLine, photos: Path) -> None:
    """--fit changes only image files."""
    Image.effect_noise((200, 200), 60).save(photos / "noise.png")
    front = base64.b64encode((photos / "noise.png").read_bytes()).decode()
    images = {"frontal_image": front, "refer_images": [{"image_url": "https://media.example.com/a.jpg"}]}
    request = {"element_name": "Mara", "element_description": "A pilot", "reference_type": "image_refer"}
    (photos / "mara.json").write_text(json.dumps({**request, "element_image_list": images}))

    result = kling_elements("create", "--file", "mara.json")

    assert "the image is shown as 200x200 px; both sides must have at least 300 px [R16]" in result.err


@pytest.mark.usefixtures("photos")
def test_fit_sends_copies_that_conform(kling_elements: CommandLine) -> None:
    """Each change is printed to stderr, and conforming images are sent unchanged."""
    result = kling_elements(*_NAMED, "--front", "small.png", "--refer", "mara.jpg", "--fit", "--wait")

    assert Exit.DONE == result.code
    assert "small.png: enlarged from 200x200 px to 300x300 px" in result.err
    assert "mara.jpg:" not in result.err


@pytest.mark.usefixtures("photos")
def test_an_id_creates_one_element_however_often_it_is_used(
    kling_elements: CommandLine, kling_mock: MockGateway
) -> None:
    """The second create finds the element of the first one."""
    arguments = (*_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--id", "mara-1")

    assert kling_elements(*arguments).out == kling_elements(*arguments).out
    assert 1 == len(kling_mock.tasks())


@pytest.mark.usefixtures("photos")
def test_a_lost_response_ends_with_the_command_that_resolves_it(
    kling_elements: CommandLine, kling_mock: MockGateway
) -> None:
    """Exit code 4 means that the element may exist, and the printed command finds it."""
    kling_mock.queue_faults("drop-after")

    result = kling_elements(*_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--json")
    command = result.json()["error"]["next"].split()

    assert Exit.UNKNOWN == result.code
    assert ["kling-elements", "wait"] == command[:2]
    assert f"next: {' '.join(command)}\n" in result.err
    assert kling_elements(*command[1:]).out.strip().isdigit()


@pytest.mark.kling_mock(token="the-right-key")
def test_a_refusal_by_the_gateway_is_code_3(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message about the wrong key doesn't contain it."""
    monkeypatch.setenv("KLING_API_KEY", "another-secret-key")

    result = kling_elements("list", "--json")

    assert (Exit.REFUSED_BY_GATEWAY, 401) == (result.code, result.json()["error"]["status_code"])
    assert "another-secret-key" not in result.err + result.out


def test_a_gateway_that_cannot_be_reached_is_code_6(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("kling_elements.clock.Clock.sleep", lambda *_: None)

    result = kling_elements("delete", "1")

    assert Exit.NOT_REACHED == result.code
    assert result.err.endswith("next: kling-elements doctor\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing: --name, --description, --front or --video"),
        (("--refer", "a.jpg"), "missing: --name, --description, --refer needs --front"),
        (
            (*_NAMED[1:], "--video", "https://x.test/v.mp4", "--front", "a.jpg"),
            "leave out --front and --refer, or --video",
        ),
        (("--file", "r.yaml", "--name", "Mara"), "--file contains the whole request: leave out --name"),
        (("--tag", "person"), 'Invalid value "person" for --tag'),
        (("--nmae", "Mara"), "Did you mean --name?"),
        ((*_NAMED[1:], "--front", "a.jpg", "--base-url", "http://gateway.example.com"), "--allow-http"),
    ],
)
def test_wrong_usage_is_code_2(kling_elements: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    """The message says what is wrong, and stdout stays empty."""
    result = kling_elements("create", *arguments)

    assert (Exit.USAGE, "") == (result.code, result.out)
    assert message in result.err


def test_a_video_file_is_refused_with_what_to_do(kling_elements: CommandLine) -> None:
    """The service downloads videos itself, so it needs a URL."""
    result = kling_elements(*_NAMED, "--video", "mara.mp4")

    assert Exit.REFUSED_HERE == result.code
    assert "upload the video, and pass its https URL" in result.err


def test_an_element_is_created_from_a_video(kling_elements: CommandLine) -> None:
    """The video's element also gets a voice."""
    result = kling_elements(*_NAMED, "--video", "https://media.example.com/v.mp4", "--voice", "v-1", "--wait", "--json")

    assert (Exit.DONE, "video_refer") == (result.code, result.json()["reference_type"])


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_an_element_is_created_from_a_request_file(kling_elements: CommandLine, photos: Path, suffix: str) -> None:
    """Paths of images are relative to the request file, and --id and --fit also apply to request files."""
    request = {
        "reference_type": "image_refer",
        "element_name": "Mara",
        "element_description": "A red-haired pilot",
        "element_image_list": {"frontal_image": "../small.png", "refer_images": [{"image_url": "../mara.jpg"}]},
    }
    (photos / "requests").mkdir()
    file = photos / "requests" / f"mara.{suffix}"
    file.write_text(json.dumps(request))  # JSON is YAML

    refused = kling_elements("create", "--file", file)
    made = kling_elements("create", "--file", file, "--id", "mara-1", "--fit", "--json")

    assert (Exit.REFUSED_HERE, "mara-1") == (refused.code, made.json()["external_task_id"])
    assert "small.png: " in refused.err


def test_a_violation_in_a_request_file_contains_the_file_and_the_place(
    kling_elements: CommandLine, photos: Path
) -> None:
    """The place is a JSON Pointer into the file."""
    (photos / "mara.yaml").write_text("element_name: ''\nelement_description: A pilot\nreference_type: video_refer\n")

    result = kling_elements("create", "--file", "mara.yaml")

    assert "mara.yaml /element_name: has 0 characters" in result.err


@pytest.mark.kling_mock(token="the-right-key")
def test_a_refused_create_is_code_3(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output names no command to look for the element, because none was created."""
    monkeypatch.setenv("KLING_API_KEY", "another-key")

    result = kling_elements(*_NAMED, "--video", "https://media.example.com/v.mp4", "--json")

    assert (Exit.REFUSED_BY_GATEWAY, "not_created") == (result.code, result.json()["error"]["outcome"])


def test_a_request_file_without_a_request_is_refused_with_its_name(kling_elements: CommandLine, photos: Path) -> None:
    """A list is refused, because --id can't be added to it."""
    (photos / "list.json").write_text("[]")

    result = kling_elements("create", "--file", "list.json", "--id", "mara-1")

    assert Exit.REFUSED_HERE == result.code
    assert result.err.startswith("error: list.json: ")


def test_a_pipe_gets_nothing_but_the_id(env: dict[str, str], photos: Path) -> None:
    result = run_process([*_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--wait"], env, cwd=photos)

    assert (0, "") == (result.code, result.err)
    assert result.out.strip().isdigit()


@pytest.mark.usefixtures("photos")
def test_a_voice_for_images_is_refused_with_the_options_that_allow_it(kling_elements: CommandLine) -> None:
    result = kling_elements(*_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--voice", "v-1")

    assert Exit.REFUSED_HERE == result.code
    assert (
        "--voice: the property 'element_voice_id' is not allowed in this kind of request; some gateways allow this: "
        "--gateway kling-beijing, --gateway kling-singapore; or use --relax R28 [R28]"
    ) in " ".join(result.err.split())


@pytest.mark.usefixtures("photos")
def test_a_relaxed_rule_is_sent_with_a_warning(kling_elements: CommandLine, caplog: pytest.LogCaptureFixture) -> None:
    """The mock server applies all rules, so it refuses the request."""
    result = kling_elements(
        *_NAMED, "--front", "mara.jpg", "--refer", "mara.jpg", "--voice", "v-1", "--relax", "R28", "--relax", "R27"
    )

    assert Exit.REFUSED_BY_GATEWAY == result.code
    assert "createElement is sent although it breaks the contract: /element_voice_id: " in caplog.text
    assert "HTTP 400" in result.err


def test_an_unknown_rule_is_a_mistake_in_the_options(kling_elements: CommandLine) -> None:
    result = kling_elements("list", "--relax", "R99")

    assert Exit.USAGE == result.code
    assert "there is no rule R99; there are R01, R02" in result.err
