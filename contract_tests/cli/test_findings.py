"""The checks of `doctor` that need no call."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import certifi
import httpx
import pytest

from kling_elements.cli import findings
from kling_elements.cli.findings import check_address, check_certificates, check_key, check_proxy, check_versions
from kling_elements.cli.gateway import GatewayOptions
from kling_elements_client.contract import CONTRACT

_URL = httpx.URL("https://gateway.example.com")
_KEY = "sk-secret-1234567890"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_missing_extra_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning is not a problem, because only fitting videos needs the extra."""
    assert "ok" == check_versions().state

    def version(name: str) -> str:
        if name == "av":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(findings, "version", version)
    finding = check_versions()

    assert "warning" == finding.state
    assert "kling-elements[video]" in finding.advice
    assert "httpx 1.0, " in finding.text


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warning"), (0o604, "warning")])
def test_a_key_file_that_others_can_read_is_a_warning(mode: int, state: str, tmp_path: Path) -> None:
    """The advice includes the chmod command to fix it."""
    path = tmp_path / "key"
    path.write_text(_KEY)
    path.chmod(mode)

    finding, key = check_key(GatewayOptions(key_file=path), {})

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

    assert "warning" == check_key(GatewayOptions(), {})[0].state
    assert "ok" == check_key(GatewayOptions(), {"KLING_API_KEY": _KEY})[0].state


def test_a_key_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """The advice is to store the key with `login`."""
    finding, key = check_key(GatewayOptions(key_file=tmp_path / "none"), {})

    assert ("problem", None, "run kling-elements login") == (finding.state, key, finding.advice)
    assert str(tmp_path / "none") in finding.text


@pytest.mark.parametrize(
    ("gateway", "state", "text"),
    [
        (GatewayOptions(), "ok", "https://www.kkiai.com (the default gateway)"),
        (
            GatewayOptions(base_url="https://a.example"),
            "ok",
            "https://a.example (the environment variable KLING_BASE_URL)",
        ),
        (GatewayOptions(base_url="https://b.example"), "ok", "https://b.example (--base-url)"),
        (GatewayOptions(base_url="http://127.0.0.1:80"), "ok", "http://127.0.0.1 (--base-url)"),
        (GatewayOptions(base_url="http://b.example", allow_http=True), "warning", "http://b.example (--base-url)"),
        (GatewayOptions(base_url="b.example"), "problem", "--base-url must begin with https://"),
    ],
    ids=lambda value: str(value.base_url) if isinstance(value, GatewayOptions) else None,
)
def test_the_finding_contains_the_address_and_its_origin(gateway: GatewayOptions, state: str, text: str) -> None:
    finding, url = check_address(gateway, {"KLING_BASE_URL": "https://a.example"}, CONTRACT)

    assert state == finding.state
    assert text in finding.text
    assert (state == "problem") == (url is None)


@pytest.mark.parametrize(
    ("environment", "state", "text"),
    [
        ({}, "ok", "none"),
        ({"HTTPS_PROXY": "http://user:secret@proxy.example:3128"}, "ok", "http://proxy.example:3128, from the"),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "example.com"}, "ok", "NO_PROXY excludes the gateway"),
        ({"HTTP_PROXY": "http://proxy.example"}, "ok", "none"),
        ({"ALL_PROXY": "ftp://proxy.example"}, "problem", "ALL_PROXY"),
    ],
)
def test_the_finding_contains_the_proxy_without_its_password(
    environment: dict[str, str], state: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's name is left out too."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    finding = check_proxy(_URL)

    assert state == finding.state
    assert text in finding.text
    assert "secret" not in finding.text


def test_a_gateway_on_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example")

    assert "the gateway is on this machine" in check_proxy(httpx.URL("http://127.0.0.1:8787")).text


def test_the_finding_describes_the_trusted_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or empty file in SSL_CERT_FILE is a problem."""
    assert "not used" in check_certificates(httpx.URL("http://127.0.0.1")).text
    assert "the default authorities (certifi" in check_certificates(_URL).text

    path = tmp_path / "authorities.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    missing = check_certificates(_URL)
    path.write_text("no certificates")
    unreadable = check_certificates(_URL)
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())

    for finding in (missing, unreadable):
        assert ("problem", "correct or unset SSL_CERT_FILE") == (finding.state, finding.advice)
        assert "SSL_CERT_FILE" in finding.text
    assert ("ok", True) == (check_certificates(_URL).state, "SSL_CERT_FILE=" in check_certificates(_URL).text)
