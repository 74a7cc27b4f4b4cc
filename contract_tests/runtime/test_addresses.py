"""Hosts and ports of URLs are checked, and hosts of this machine are recognized."""

from __future__ import annotations

import socket

import pytest

from contract_tests.support.fake_dns import resolve_to
from kling_elements_runtime.addresses import has_non_ascii_port, is_host, is_loopback, is_loopback_address, is_port


@pytest.mark.parametrize(
    "host", ["gateway.example.com", "a", "a_b-c.example", "127.0.0.1", "::1", "2001:DB8::1", "a" * 63, "xn--bcher-kva"]
)
def test_a_name_or_an_address_is_a_host(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize("host", ["", "a..b", "a b", "bücher.example", "a" * 64, f"{'a' * 64}.example", "a/b", "[::1]"])
def test_anything_else_is_not_a_host(host: str) -> None:
    """Empty labels and labels of more than 63 characters are refused, because they can't be looked up."""
    assert not is_host(host)


@pytest.mark.parametrize(("expected", "port"), [(True, None), (True, 1), (True, 65535), (False, 65536)])
def test_a_port_is_at_most_65535(expected: bool, port: int | None) -> None:  # noqa: FBT001 - a column of the table
    """None means the default port of the scheme."""
    assert expected is is_port(port)


@pytest.mark.parametrize(
    ("expected", "url"),
    [
        (True, "https://a.example:٤٤٣"),
        (True, "https://a.example:4٤3/b"),
        (True, "https://a.example:٤?b"),
        (False, "https://a.example:443"),
        (False, "https://a.example"),
        (False, "https://a.example/b:٤٤٣"),
    ],
)
def test_a_port_in_digits_of_another_script_is_noticed(
    expected: bool,  # noqa: FBT001 - a column of the table
    url: str,
) -> None:
    """Otherwise httpx would turn it into a number."""
    assert expected is has_non_ascii_port(url)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (True, "127.0.0.1"),
        (True, "127.255.0.1"),
        (True, "::1"),
        (True, "::ffff:127.0.0.1"),
        (False, "10.0.0.1"),
        (False, "::ffff:10.0.0.1"),
        (False, "localhost"),
        (False, "127.1"),
    ],
)
def test_loopback_addresses_are_recognized_in_both_versions_of_ip(
    expected: bool,  # noqa: FBT001 - a column of the table
    text: str,
) -> None:
    assert expected is is_loopback_address(text)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_localhost_and_loopback_addresses_need_no_look_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")

    assert is_loopback(host)


@pytest.mark.parametrize(
    ("expected", "addresses"),
    [(True, ["127.0.0.1"]), (True, ["127.0.0.1", "::1"]), (False, ["127.0.0.1", "10.0.0.1"]), (False, [])],
)
def test_a_subdomain_of_localhost_must_resolve_to_this_machine(
    expected: bool,  # noqa: FBT001 - a column of the table
    addresses: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is looked up, because not every name server obeys RFC 6761."""
    resolve_to(monkeypatch, *addresses)

    assert expected is is_loopback("api.localhost")
    assert not is_loopback("gateway.example.com")
