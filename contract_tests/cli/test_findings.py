"""What `doctor` finds out without a call."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import certifi
import httpx
import pytest

from kling_elements.cli import findings
from kling_elements.cli.findings import on_address, on_certificates, on_key, on_proxy, on_versions
from kling_elements.cli.gateway import Gateway
from kling_elements_client.contract import CONTRACT

_URL = httpx.URL("https://gateway.example.com")
_KEY = "sk-secret-1234567890"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_missing_extra_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but videos works without it."""
    assert "ok" == on_versions().state

    def version(name: str) -> str:
        if name == "av":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(findings, "version", version)
    finding = on_versions()

    assert "warning" == finding.state
    assert "kling-elements[video]" in finding.advice
    assert "httpx 1.0, " in finding.text


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warning"), (0o604, "warning")])
def test_a_key_file_that_others_can_read_is_a_warning(mode: int, state: str, tmp_path: Path) -> None:
    """The advice includes the chmod command to fix it."""
    path = tmp_path / "key"
    path.write_text(_KEY)
    path.chmod(mode)

    finding, key = on_key(Gateway(key_file=path), {})

    assert state == finding.state
    assert (f"run chmod 600 {path}" if state == "warning" else "") == finding.advice
    assert key is not None
    assert _KEY == key.reveal()
    assert _KEY not in str(finding)


def test_a_stored_key_that_others_can_read_is_a_warning_unless_the_environment_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "api-key"
    path.write_text(_KEY)
    path.chmod(0o644)
    monkeypatch.setattr("kling_elements.cli.keys.stored_path", lambda: path)

    assert "warning" == on_key(Gateway(), {})[0].state
    assert "ok" == on_key(Gateway(), {"KLING_API_KEY": _KEY})[0].state


def test_a_key_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """The advice is another way to pass the key."""
    finding, key = on_key(Gateway(key_file=tmp_path / "none"), {})

    assert ("problem", None, "run kling-elements login") == (finding.state, key, finding.advice)
    assert str(tmp_path / "none") in finding.text


@pytest.mark.parametrize(
    ("gateway", "state", "text"),
    [
        (Gateway(), "ok", "https://www.kkiai.com (the usual gateway)"),
        (Gateway(base_url="https://a.example"), "ok", "https://a.example (the environment variable KLING_BASE_URL)"),
        (Gateway(base_url="https://b.example"), "ok", "https://b.example (--base-url)"),
        (Gateway(base_url="http://127.0.0.1:80"), "ok", "http://127.0.0.1 (--base-url)"),
        (Gateway(base_url="http://b.example", allow_http=True), "warning", "http://b.example (--base-url)"),
        (Gateway(base_url="b.example"), "problem", "--base-url must begin with https://"),
    ],
    ids=lambda value: str(value.base_url) if isinstance(value, Gateway) else None,
)
def test_the_address_and_where_it_comes_from(gateway: Gateway, state: str, text: str) -> None:
    finding, url = on_address(gateway, {"KLING_BASE_URL": "https://a.example"}, CONTRACT)

    assert state == finding.state
    assert text in finding.text
    assert (state == "problem") == (url is None)


@pytest.mark.parametrize(
    ("environment", "state", "text"),
    [
        ({}, "ok", "none"),
        ({"HTTPS_PROXY": "http://user:secret@proxy.example:3128"}, "ok", "http://proxy.example:3128, from the"),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "example.com"}, "ok", "NO_PROXY names the gateway"),
        ({"HTTP_PROXY": "http://proxy.example"}, "ok", "none"),
        ({"ALL_PROXY": "ftp://proxy.example"}, "problem", "ALL_PROXY"),
    ],
)
def test_the_proxy_of_the_environment(
    environment: dict[str, str], state: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """User and password are not shown."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    finding = on_proxy(_URL)

    assert state == finding.state
    assert text in finding.text
    assert "secret" not in finding.text


def test_a_gateway_on_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")

    assert "the gateway is on this machine" in on_proxy(httpx.URL("http://127.0.0.1:8787")).text


def test_the_certificates_that_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the environment names must be there, and must have certificates."""
    assert "not used" in on_certificates(httpx.URL("http://127.0.0.1")).text
    assert "the usual authorities (certifi" in on_certificates(_URL).text

    path = tmp_path / "authorities.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    missing = on_certificates(_URL)
    path.write_text("no certificates")
    unreadable = on_certificates(_URL)
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())

    for finding in (missing, unreadable):
        assert ("problem", "correct or unset SSL_CERT_FILE") == (finding.state, finding.advice)
        assert "SSL_CERT_FILE" in finding.text
    assert ("ok", True) == (on_certificates(_URL).state, "SSL_CERT_FILE=" in on_certificates(_URL).text)
