"""`kling-elements doctor --passport`."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.support.command_line import CommandLine, run_process
from contract_tests.support.peers import http_response, listening
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock import create_app
from kling_elements.mock.app import MockServer
from kling_elements.mock.asgi import Receive, Scope, Send
from kling_elements.testing.gateway import MockGateway, serving
from kling_elements_client.contract import CONTRACT

_UNUSUAL = "presets-by-post"


@pytest.fixture
def folder(kling_elements: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory, with no proxy in the environment."""
    del kling_elements  # it sets the environment first
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    path = tmp_path / "work"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def test_a_passport_is_written_and_can_be_used(
    folder: Path, kling_elements: CommandLine, kling_mock: MockGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is all that the next commands need, even the address."""
    with serving(create_app(kling_mock.token, contract=contract_of(_UNUSUAL, None))) as gateway:
        ended = kling_elements("doctor", "--passport", "mine.yaml", "--confirm", "--base-url", gateway.url)
        monkeypatch.delenv("KLING_BASE_URL")
        again = kling_elements("doctor", "--gateway", "mine.yaml")
        presets = kling_elements("presets", "--gateway", "mine.yaml", "--json")

    assert 0 == ended.code
    assert "ok       passport      written to mine.yaml" in ended.out
    assert ["mine.yaml"] == [path.name for path in folder.iterdir()]
    assert contract_of(_UNUSUAL, None).document()["paths"] == contract_of(Path("mine.yaml"), None).document()["paths"]
    assert kling_mock.token not in ended.out + ended.err + Path("mine.yaml").read_text("utf-8")
    assert 0 == again.code
    assert "that of mine.yaml (--gateway)" in again.out
    assert 3 == len(presets.lines())


def test_what_was_found_and_what_to_do_next_is_on_stderr(folder: Path, kling_elements: CommandLine) -> None:
    """What could not be found out comes with what to do about it."""
    ended = kling_elements("doctor", "--passport", "mine.json")

    lines = ended.err.splitlines()
    assert "found: path prefix: /kling/v1/general" == lines[0]
    assert "next: kling-elements doctor --gateway mine.json" == lines[-1]
    assert any(line.startswith("unknown: the delete path: rerun with --confirm") for line in lines)
    assert any(line.startswith("unknown: whether R28 holds") and 'relax={"R28"}' in line for line in lines)
    assert ["mine.json"] == [path.name for path in folder.iterdir()]


class _NotingServer(MockServer):
    """A mock server that notes the method of each request."""

    def __init__(self) -> None:
        super().__init__(CONTRACT)
        self.methods: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.methods.append(scope["method"])
        await super().__call__(scope, receive, send)


@pytest.mark.usefixtures("folder")
def test_a_deletion_needs_confirmation(kling_elements: CommandLine) -> None:
    """Without it, every request is a GET."""
    app = _NotingServer()

    with serving(app) as gateway:
        kling_elements("doctor", "--passport", "mine.yaml", "--base-url", gateway.url)

    assert {"GET"} == set(app.methods)


def test_a_file_that_exists_is_refused_before_any_call(folder: Path, kling_elements: CommandLine) -> None:
    (folder / "mine.yaml").write_text("mine")

    with listening(lambda peer: peer.respond()) as server:
        ended = kling_elements("doctor", "--passport", "mine.yaml", "--base-url", server.url)

    assert (2, "") == (ended.code, ended.out)
    assert "error: mine.yaml: exists already, and is not replaced; choose another name, or move it away" in ended.err
    assert [] == server.requests
    assert "mine" == (folder / "mine.yaml").read_text()


def test_a_file_that_cannot_be_written_is_a_problem(
    folder: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may appear during the survey."""

    def appears(*_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr("os.link", appears)

    ended = kling_elements("doctor", "--passport", "mine.yaml")

    assert [] == list(folder.iterdir())
    assert 2 == ended.code
    assert "problem  passport      mine.yaml: exists already" in ended.out


def test_confirm_alone_is_an_error(kling_elements: CommandLine) -> None:
    ended = kling_elements("doctor", "--confirm")

    assert 2 == ended.code
    assert "--confirm only works with --passport FILE" in ended.err


def test_without_a_key_nothing_is_asked(
    folder: Path, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KLING_API_KEY")

    with listening(lambda peer: peer.respond()) as server:
        ended = kling_elements("doctor", "--passport", "mine.yaml", "--base-url", server.url)

    assert 2 == ended.code
    assert "problem  key           there is no API key" in ended.out
    assert [] == server.requests
    assert [] == list(folder.iterdir())


def test_a_gateway_that_cannot_be_described_is_a_problem(folder: Path, kling_elements: CommandLine) -> None:
    """No file is written."""
    with listening(lambda peer: peer.respond(http_response(b"{}", "404 Not Found"))) as server:
        ended = kling_elements("doctor", "--passport", "mine.yaml", "--base-url", server.url)

    assert 3 == ended.code
    assert "problem  passport      none of the known paths exists" in ended.out
    assert [] == list(folder.iterdir())


def test_a_gateway_that_is_not_reached_gets_no_file(folder: Path, kling_elements: CommandLine) -> None:
    ended = kling_elements("doctor", "--passport", "mine.yaml", "--base-url", "http://127.0.0.1:1")

    assert 6 == ended.code
    assert "no server listens at this URL: check the host" in ended.out
    assert [] == list(folder.iterdir())


def test_a_passport_as_a_process(env: dict[str, str], tmp_path: Path) -> None:
    """The passport has the kind of rights that any new file has."""
    ended = run_process(["doctor", "--passport", "mine.yaml"], env, cwd=tmp_path)

    assert 0 == ended.code
    assert "ok       passport      written to mine.yaml" in ended.out
    (tmp_path / "other").touch()
    assert (tmp_path / "other").stat().st_mode == (tmp_path / "mine.yaml").stat().st_mode
