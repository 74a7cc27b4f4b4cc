"""Both clients check as much of the media before a create as you ask for."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from contract_tests.reading.cases import base_body
from contract_tests.reading.image_body import BODY
from contract_tests.reading.images import Picture
from contract_tests.support.range_server import range_server
from contract_tests.support.scripted import ABSENT, LOST, NAMED, Client, ScriptedClient, refusal, task
from kling_elements.lifecycle import effects
from kling_elements.media.reports import ImageReport
from kling_elements_client.contract import CONTRACT
from kling_elements_client.errors import ContractError, MediaError, Violation
from kling_elements_runtime.contract import Contract

_FRONT, _SIDE = "/element_image_list/frontal_image", "/element_image_list/refer_images/0/image_url"
_TOO_SMALL = Violation("", "R16", "the image is shown as 299x400 px; both sides must have at least 300 px")


def _with_images(front: Any, side: Any, **members: Any) -> dict[str, Any]:
    return {**BODY, "element_image_list": {"frontal_image": front, "refer_images": [{"image_url": side}]}, **members}


def _report(*violations: Violation, unchecked: tuple[tuple[str, str], ...] = ()) -> ImageReport:
    return ImageReport(source="there", size_bytes=1, violations=violations, unchecked=unchecked)


class _RemoteMedia:
    """The media at URLs, in place of the network.

    Attributes:
        looks: Each reading, with the keyword, the address, and whether private addresses are allowed.
        threads: Which threads read it.
        answers: The report or the error for each address.
    """

    def __init__(self) -> None:
        self.looks: list[tuple[str, str, bool]] = []
        self.threads: set[int] = set()
        self.responses: dict[str, ImageReport | MediaError] = {}

    def report(self, keyword: str, url: str, *, allow_private: bool, contract: Contract) -> ImageReport:
        assert CONTRACT is contract
        self.looks.append((keyword, url, allow_private))
        self.threads.add(threading.get_ident())
        response = self.responses.get(url, _report())
        if isinstance(response, MediaError):
            raise response
        return response


@pytest.fixture
def remote_media(monkeypatch: pytest.MonkeyPatch) -> _RemoteMedia:
    """Replace the media at URLs."""
    remote_media = _RemoteMedia()

    monkeypatch.setattr(effects, "report_on", remote_media.report)
    return remote_media


@pytest.fixture
def too_small(tmp_path: Path) -> Path:
    """Write an image file that breaks a rule, and return its path."""
    path = tmp_path / "small.png"
    path.write_bytes(Picture(width=299).build())
    return path


@pytest.mark.parametrize("method", ["create", "get_or_create"])
def test_images_in_the_request_are_checked_by_default(
    client_class: Client, method: str, too_small: Path, remote_media: _RemoteMedia
) -> None:
    """Media at URLs are not read. With `off`, nothing is checked, and the request is sent."""
    script = [ABSENT, task()] if method == "get_or_create" else [task()]
    refused, sent = ScriptedClient(client_class, *script[:-1]), ScriptedClient(client_class, *script)
    body = _with_images(too_small, "https://a.example.com/b.png", external_task_id="e-1")

    error = refused.error_of(method, body)
    assert isinstance(error, ContractError)
    assert [(_FRONT, "R16")] == [(violation.pointer, violation.rule) for violation in error.violations]
    assert ("not_created", "e-1") == (error.outcome, error.external_task_id)
    assert "7" == getattr(sent, method)(body, preflight="off").task_id
    assert refused.gateway.is_finished()
    assert sent.gateway.is_finished()
    assert [] == remote_media.looks


@pytest.mark.parametrize("method", ["create", "get_or_create", "create_all"])
def test_metadata_is_stripped_only_if_you_ask(client_class: Client, method: str, tmp_path: Path) -> None:
    """The file in this test is small enough only without its metadata."""
    path = tmp_path / "front.jpg"
    path.write_bytes(Picture(format="jpeg", file_size=10_485_761).build())
    body = _with_images(path, "https://a.example.com/b.png", external_task_id="e-1")
    argument: Any = [body] if method == "create_all" else body
    script = [ABSENT, task()] if method == "get_or_create" else [task()]
    client = ScriptedClient(client_class, *script)

    getattr(client, method)(argument, strip_metadata=True)

    assert client.gateway.is_finished()
    if method == "create":
        assert isinstance(ScriptedClient(client_class).error_of(method, body), ContractError)


@pytest.mark.parametrize("value", ["", "Remote", None, True])
def test_an_unknown_preflight_is_refused(client_class: Client, value: Any) -> None:
    """Otherwise a misspelt word would turn the check off."""
    client = ScriptedClient(client_class)

    with pytest.raises(ValueError, match=r"^preflight must be 'inline', 'remote' or 'off', not"):
        client.create(BODY, preflight=value)


@pytest.mark.parametrize("allow_private", [False, True])
def test_a_remote_preflight_reads_each_url_once(
    client_class: Client,
    allow_private: bool,  # noqa: FBT001
    remote_media: _RemoteMedia,
) -> None:
    """The preflight reads images and videos but no callback URL, and doesn't block the event loop."""
    url, video = "https://a.example.com/a.png?secret=1", "https://a.example.com/v.mp4"
    with_video: Any = base_body("video")
    with_video["element_video_list"]["refer_videos"][0]["video_url"] = video
    client = ScriptedClient(client_class, task(), task(), allow_private=allow_private)

    client.create(_with_images(url, url, callback_url="https://c.example.com"), preflight="remote")
    client.create(with_video, preflight="remote")

    expected = [("x-image", url, allow_private), ("x-video", video, allow_private)]
    assert expected == remote_media.looks
    assert (client_class.__name__ == "KlingElements") == (threading.get_ident() in remote_media.threads)


def test_violations_of_media_at_urls_contain_their_place(client_class: Client, remote_media: _RemoteMedia) -> None:
    """All violations of all addresses are listed, and nothing is sent."""
    remote_media.responses["https://a.example.com/a.png"] = _report(_TOO_SMALL)
    remote_media.responses["https://a.example.com/b.png"] = _report(_TOO_SMALL, Violation("", "R17", "too long"))
    body = _with_images("https://a.example.com/a.png", "https://a.example.com/b.png")

    error = ScriptedClient(client_class).error_of("create", body, preflight="remote")

    assert isinstance(error, ContractError)
    assert [(_FRONT, "R16"), (_SIDE, "R16"), (_SIDE, "R17")] == [(v.pointer, v.rule) for v in error.violations]
    assert f"{_FRONT}: {_TOO_SMALL.message} [R16]" in str(error)
    assert "not_created" == error.outcome


def test_violations_of_media_at_urls_can_be_ignored(client_class: Client, remote_media: _RemoteMedia) -> None:
    """`on_violation` also applies to media at URLs."""
    remote_media.responses["https://a.example.com/a.png"] = _report(_TOO_SMALL)
    client = ScriptedClient(client_class, task(), on_violation="ignore")
    body = _with_images("https://a.example.com/a.png", "https://a.example.com/b.png")

    assert "7" == client.create(body, preflight="remote").task_id


def test_an_unreadable_url_ends_the_create(client_class: Client, remote_media: _RemoteMedia) -> None:
    """The error says that nothing was sent."""
    remote_media.responses["https://a.example.com/a.png"] = MediaError("https://a.example.com/a.png", "HTTP 403")
    body = _with_images("https://a.example.com/a.png", "https://a.example.com/b.png", external_task_id="e-1")

    error = ScriptedClient(client_class).error_of("create", body, preflight="remote")

    assert isinstance(error, MediaError)
    assert "https://a.example.com/a.png: HTTP 403" == str(error)
    assert ("not_created", "e-1") == (error.outcome, error.external_task_id)


def test_rules_that_could_not_be_checked_are_logged(
    client_class: Client, remote_media: _RemoteMedia, caplog: pytest.LogCaptureFixture
) -> None:
    """Unchecked rules do not stop the create."""
    remote_media.responses["https://a.example.com/a.png"] = _report(
        unchecked=(("R15", "the server does not tell the size"),)
    )

    with caplog.at_level(logging.INFO, "kling_elements"):
        ScriptedClient(client_class, task()).create(
            _with_images("https://a.example.com/a.png", "https://b.example"), preflight="remote"
        )

    assert f"{_FRONT}: not checked against R15: the server does not tell the size" in caplog.text


def test_media_are_not_read_if_the_request_is_not_sent(client_class: Client, remote_media: _RemoteMedia) -> None:
    """Media are also not read if the element exists, or again for a second attempt."""
    body = {**NAMED, "element_name": ""}

    assert isinstance(ScriptedClient(client_class).error_of("create", body, preflight="remote"), ContractError)
    ScriptedClient(client_class, task()).get_or_create(NAMED, preflight="remote")
    assert [] == remote_media.looks
    ScriptedClient(client_class, ABSENT, LOST, ABSENT, ABSENT, task()).get_or_create(NAMED, preflight="remote")
    assert ["https://example.com/front.png", "https://example.com/side.png"] == [
        url for _, url, _ in remote_media.looks
    ]


def test_a_file_is_the_same_at_every_attempt(client_class: Client, tmp_path: Path) -> None:
    """A retry sends the bytes that were checked, and a changed file is an error."""
    path = tmp_path / "front.jpg"
    path.write_bytes(Picture(format="jpeg").build())

    def change(_: Any) -> Any:
        path.write_bytes(Picture(format="jpeg", width=400).build())
        return refusal(429, 1302).response()

    again = ScriptedClient(client_class, refusal(429, 1302), refusal(429, 1302), task())
    assert "7" == again.create(_with_images(path, path)).task_id
    first, second, third = again.gateway.bodies()
    assert first == second == third

    changed = ScriptedClient(client_class, change)
    error = changed.error_of("create", _with_images(path, path))
    assert isinstance(error, MediaError)
    assert "not_created" == error.outcome
    assert "front.jpg: has changed" in str(error)


def test_a_file_that_changed_leaves_a_doubtful_create_in_doubt(client_class: Client, tmp_path: Path) -> None:
    """The response to the first attempt was lost, so the element may exist."""
    path = tmp_path / "front.jpg"
    path.write_bytes(Picture(format="jpeg").build())

    def change(_: Any) -> Any:
        path.write_bytes(b"")
        raise LOST("scripted")

    client = ScriptedClient(client_class, ABSENT, change, *[ABSENT] * 8)
    error = client.error_of("get_or_create", _with_images(path, path, external_task_id="e-1"))

    assert isinstance(error, MediaError)
    assert ("may_exist", "e-1") == (error.outcome, error.external_task_id)
    assert client.gateway.is_finished()


def test_a_file_at_a_url_is_read_before_the_create_is_sent(client_class: Client) -> None:
    """The file is not an image, so no create is sent; without `allow_private`, its server gets no request."""
    with range_server() as server:
        body = _with_images(server.url, "https://a.example.com/b.png")
        refused = ScriptedClient(client_class).error_of("create", body, preflight="remote")
        assert 0 == server.connections
        error = ScriptedClient(client_class, allow_private=True).error_of(
            "create", _with_images(server.url, server.url), preflight="remote"
        )

    assert isinstance(refused, MediaError)
    assert isinstance(error, ContractError)
    assert [(_FRONT, "R14"), (_SIDE, "R14")] == [(violation.pointer, violation.rule) for violation in error.violations]
    assert 1 == server.connections


def test_a_video_at_a_url_is_checked_as_a_video(client_class: Client) -> None:
    with range_server() as server:
        body: Any = base_body("video")
        body["element_video_list"]["refer_videos"][0]["video_url"] = server.url
        error = ScriptedClient(client_class, allow_private=True).error_of("create", body, preflight="remote")

    assert isinstance(error, ContractError)
    assert ["R20"] == [violation.rule for violation in error.violations]
