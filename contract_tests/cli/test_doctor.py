"""The findings of `kling-elements doctor`."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from contract_tests.support.command_line import CommandLine, run_in_terminal, run_process
from contract_tests.support.peers import http_response, listening
from kling_elements.gateway_catalog import contract_of
from kling_elements.mock import create_app
from kling_elements.testing.gateway import MockGateway, serving

KEY = "sk-secret-1234567890"
_UNAUTHORIZED = http_response(f'{{"code": 1002, "message": "{KEY} is not a key"}}'.encode(), "401 Unauthorized")
_CHECKS = ["key", "contract", "url", "proxy", "certificates", "gateway", "account", "clock", "versions"]


@pytest.fixture(autouse=True)
def _no_proxies_and_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_gateway_that_answers_has_no_problems(kling_elements: CommandLine) -> None:
    """Each line begins with a state."""
    result = kling_elements("doctor")

    assert (0, "") == (result.code, result.err)
    assert [["ok", check] for check in _CHECKS] == [line.split()[:2] for line in result.out.splitlines()]
    assert "the gateway accepts the key" in result.out


def test_the_report_is_one_json_value(kling_elements: CommandLine, kling_mock: MockGateway) -> None:
    report = kling_elements("doctor", "--json").json()

    assert report["ok"]
    assert _CHECKS == [finding["check"] for finding in report["findings"]]
    assert {"ok"} == {finding["state"] for finding in report["findings"]}
    assert kling_mock.token not in str(report)


def test_a_key_that_the_gateway_refuses_is_a_problem(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is the one for refusals, and no line contains the key."""
    monkeypatch.setenv("KLING_API_KEY", KEY)

    with listening(lambda peer: peer.respond(_UNAUTHORIZED)) as server:
        result = kling_elements("doctor", "--base-url", server.url)

    assert 3 == result.code
    assert "problem  account" in result.out
    assert "the gateway does not accept the key" in result.out
    assert "*** is not a key" in result.out
    assert KEY not in result.out + result.err


def test_the_gateway_is_checked_even_without_a_key(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The findings about the gateway help even if the key is still missing."""
    monkeypatch.delenv("KLING_API_KEY")

    result = kling_elements("doctor")

    assert 2 == result.code
    assert "problem  key           there is no API key: set" in result.out
    assert "ok       gateway       answered in" in result.out
    assert "account" not in result.out


def test_an_invalid_address_ends_the_checks(kling_elements: CommandLine) -> None:
    """The finding mentions the option, and checks that need a URL are left out."""
    result = kling_elements("doctor", "--base-url", "http://gateway.example.com")

    assert 2 == result.code
    assert "problem  url" in result.out
    assert "--allow-http" in result.out
    assert "correct the URL from --base-url" in result.out
    assert "proxy" not in result.out


def test_a_gateway_that_is_not_reached_is_explained(kling_elements: CommandLine) -> None:
    result = kling_elements("doctor", "--base-url", "http://127.0.0.1:1")

    assert 6 == result.code
    assert "problem  gateway" in result.out
    assert "no server listens at this URL: check the host and the port" in result.out
    assert "clock" not in result.out


def test_nothing_is_sent_if_a_proxy_cannot_be_used(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")

    result = kling_elements("doctor", "--base-url", "https://gateway.invalid")

    assert 2 == result.code
    assert "problem  proxy" in result.out
    assert "HTTPS_PROXY" in result.out
    assert "gateway      " not in result.out


@pytest.mark.parametrize(
    ("response", "check", "advice"),
    [
        (http_response(b"<html>Welcome</html>"), "gateway", "another server answers at this URL"),
        (http_response(b"<html>", "404 Not Found"), "gateway", "another server answers at this URL"),
        (http_response(b"{}", "503 Unavailable"), "gateway", "try again later"),
        (http_response(b'{"code": 1103, "message": "no"}', "403 Forbidden"), "account", "ask the gateway's support"),
        (http_response(b'{"code": 1102, "message": "no"}', "429 Too Many"), "account", "the account's balance"),
        (http_response(b'{"code": 1102, "message": "no"}'), "account", "the resource pack is used up or has expired"),
        (http_response(b"{}", "418 Teapot"), "account", "the gateway refuses to list elements"),
    ],
)
def test_each_kind_of_response_is_explained(
    response: bytes, check: str, advice: str, kling_elements: CommandLine
) -> None:
    """A response without a date is a warning and not a problem."""
    with listening(lambda peer: peer.respond(response)) as server:
        result = kling_elements("doctor", "--base-url", server.url)

    assert 3 == result.code
    (line,) = (line for line in result.out.splitlines() if line.startswith("problem"))
    assert check == line.split()[1]
    assert advice in line
    assert "warning  clock" in result.out
    assert 1 == len(server.requests)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            [],
            "that of kkiai, the default gateway, because this URL belongs to no known gateway; if calls",
        ),
        (
            ["--base-url", "https://api-singapore.klingai.com"],
            "that of kling-singapore, because the URL is its own",
        ),
        (["--gateway", "kling-singapore"], "that of kling-singapore (--gateway)"),
    ],
)
def test_doctor_says_whose_contract_is_used_and_why(
    arguments: list[str], text: str, kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")  # so that nothing is sent to another machine

    assert f"ok       contract      {text}" in kling_elements("doctor", *arguments).out


def test_doctor_says_that_the_environment_names_the_gateway(
    kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_GATEWAY", "kling-beijing")

    assert "that of kling-beijing (the environment variable KLING_GATEWAY)" in kling_elements("doctor").out


def test_doctor_uses_the_address_of_the_gateway(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a URL, doctor checks the contract's first server."""
    monkeypatch.delenv("KLING_BASE_URL")
    monkeypatch.setenv("HTTPS_PROXY", "ftp://proxy.example.com")  # as above

    usual = kling_elements("doctor").out
    singapore = kling_elements("doctor", "--gateway", "kling-singapore").out

    assert "contract      that of kkiai, the default gateway\n" in usual
    assert "https://www.kkiai.com (the default gateway)" in usual
    assert "https://api-singapore.klingai.com (the contract of kling-singapore)" in singapore


def test_a_contract_without_a_url_needs_one(kling_elements: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KLING_BASE_URL")

    ended = kling_elements("doctor", "--gateway", "api-prefix")

    assert 2 == ended.code
    assert "problem  url           the contract of api-prefix does not say where the gateway is; pass --base-url" in (
        ended.out
    )
    assert "proxy" not in ended.out


def test_a_gateway_that_does_not_exist_ends_the_search(kling_elements: CommandLine) -> None:
    ended = kling_elements("doctor", "--gateway", "kling-singapor")

    assert 2 == ended.code
    assert "problem  contract      there is no gateway 'kling-singapor'" in ended.out
    assert "; correct --gateway, or unset KLING_GATEWAY" in ended.out
    assert "url" not in ended.out


@pytest.mark.parametrize("dialect", ["live", "documented"])
def test_a_gateway_without_a_list_is_asked_for_an_unknown_id(
    dialect: str, kling_elements: CommandLine, kling_mock: MockGateway
) -> None:
    """The response that says that nothing has the id shows that the key is accepted."""
    contract = contract_of("text-ids", None)
    with serving(create_app(kling_mock.token, contract=contract, dialect=dialect)) as gateway:
        ended = kling_elements("doctor", "--gateway", "text-ids", "--base-url", gateway.url)
        elsewhere = kling_elements("doctor", "--gateway", "kling-singapore", "--base-url", gateway.url)

    assert (0, "") == (ended.code, ended.err)
    assert "ok       account       the gateway accepts the key" in ended.out
    assert 3 == elsewhere.code
    assert "another server answers at this URL" in elsewhere.out


def test_doctor_as_a_process(env: dict[str, str]) -> None:
    """A pipe gets no colours. If the key is missing, the exit code is 2."""
    result = run_process(["doctor"], env)
    keyless = run_process(["doctor"], {name: value for name, value in env.items() if name != "KLING_API_KEY"})

    assert (0, 2) == (result.code, keyless.code)
    assert "\x1b" not in result.out + keyless.out


def test_doctor_on_a_terminal_has_colours(env: dict[str, str]) -> None:
    with listening(lambda peer: peer.respond(_UNAUTHORIZED)) as server:
        result = run_in_terminal(["doctor", "--base-url", server.url], env)

    assert 3 == result.code
    assert "\x1b[32mok      \x1b[0m key" in result.out
    assert "\x1b[31mproblem \x1b[0m account" in result.out


def test_help_of_doctor(kling_elements: CommandLine, snapshot: SnapshotAssertion) -> None:
    assert snapshot == kling_elements("doctor", "--help").out
