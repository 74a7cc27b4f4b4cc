"""What the checks of images and videos return for files, text and URLs, and with another contract."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract_tests.reading.images import Picture, base64_of
from contract_tests.reading.videos import Video
from contract_tests.support.media_inputs import JPEG, PNG, ServedBytes, contract_with, rules_of, write_file
from contract_tests.support.pillow_pictures import encode
from contract_tests.support.range_server import chunked_response, range_server
from kling_elements.media import Budget, check_image, check_video, image
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import MediaError


@pytest.mark.parametrize(
    ("data", "rules", "message"),
    [
        (encode(Image.new("L", (300, 300)), "GIF"), ["R14"], "it looks like GIF (R14)"),
        (b"", ["R14"], "it is empty (R14)"),
        (b"nothing", ["R14"], "complete header (R14)"),
        (JPEG[:20], ["R14"], "complete header (R14)"),
        (
            Picture(width=299).build(),
            ["R16"],
            "299x300 px; both sides must have at least 300 px (R16)",
        ),
        (Picture(width=751, height=300).build(), ["R17"], "(R17)"),
    ],
    ids=["a GIF", "nothing", "a text", "half a header", "too small", "too long"],
)
def test_an_image_that_breaks_a_rule_is_refused_before_it_is_sent(
    data: bytes, rules: list[str], message: str, tmp_path: Path
) -> None:
    """The error contains the path, the broken rules, and what is wrong."""
    path = write_file(tmp_path, data)

    with pytest.raises(MediaError) as caught:
        image(path)

    assert rules == [violation.rule for violation in caught.value.violations] == rules_of(check_image(path))
    assert str(path) == caught.value.source
    assert message in str(caught.value)


@pytest.mark.parametrize("check", [check_image, check_video])
def test_the_file_at_a_url_is_read_only_on_request(check: Callable[[str], Any]) -> None:
    """The error says how to read the file, and does not show the query."""
    with pytest.raises(
        MediaError, match=r"https://a\.example\.com/b: is a URL; pass remote=True to check the file at it"
    ) as caught:
        check("https://a.example.com/b?secret=1")

    assert "secret" not in str(caught.value)


def test_the_header_of_a_file_at_a_url_is_checked() -> None:
    """Only some kilobytes are fetched, so the file's completeness is not checked."""
    content = Picture(format="jpeg", width=299, app_bytes=320 * 1024).build() + bytes(2_000_000)
    with range_server() as server:
        server.file = ServedBytes(content)
        report = check_image(server.url, remote=True, allow_private=True, budget=Budget(max_bytes=2_000_000))

    assert (["R16"], "jpeg", len(content)) == (rules_of(report), report.format, report.size_bytes)
    assert server.url == report.source
    assert () == report.unchecked


def test_an_unknown_size_is_unchecked() -> None:
    """The other rules are checked even if the size is unknown."""
    with range_server(chunked_response()) as server:
        server.file = ServedBytes(JPEG + bytes(100_000))
        report = check_image(server.url, remote=True, allow_private=True)

    assert report.conforms
    assert (None, (("R15", "the server does not send the file's size"),)) == (report.size_bytes, report.unchecked)


def test_every_source_of_a_video_is_checked(tmp_path: Path) -> None:
    """A video can be a path, bytes, a file object, a `data:` URL or an http URL."""
    content = Video(width_px=1080, height_px=1942, seconds="2").build()
    sources = [
        write_file(tmp_path, content, "v.mp4"),
        content,
        io.BytesIO(content),
        f"data:video/mp4;base64,{base64_of(content)}",
    ]
    with range_server() as server:
        server.file = ServedBytes(content)
        reports = [check_video(server.url, remote=True, allow_private=True), *map(check_video, sources)]

    assert [["R21", "R22"]] * 5 == [rules_of(report) for report in reports]
    assert {(1080, 1942, "mp4", "h264")} == {(r.width_px, r.height_px, r.container, r.video_codec) for r in reports}
    assert all(report.ratio is not None and not report.conforms for report in reports)


def test_the_contract_passed_by_the_caller_is_used() -> None:
    """The contract affects only that call."""
    of_images = contract_with("x-image", {"displayed-sides": {"min-px": 301}})
    of_videos = contract_with("x-video", {"duration": {"min-seconds": 4}})
    with pytest.raises(MediaError, match="both sides must have at least 301 px"):
        image(PNG, contract=of_images)
    for contract, expected in (of_images, ["R16"]), (CONTRACT, []), (of_images, ["R16"]):
        assert expected == rules_of(check_image(PNG, contract=contract))
    for contract, expected in (of_videos, ["R21"]), (CONTRACT, []), (of_videos, ["R21"]):
        assert expected == rules_of(check_video(Video(seconds="3").build(), contract=contract))


def test_private_addresses_are_refused_by_default() -> None:
    """Private addresses are refused before any connection."""
    with range_server() as server, pytest.raises(MediaError, match="allow_private=True"):
        check_image(server.url.replace(str(server.port), "8080"), remote=True)

    assert 0 == server.connections
