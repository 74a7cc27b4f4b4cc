"""The client follows redirects only to allowed addresses, and never connects to private ones."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from ssrfguard import Policy

from contract_tests.support.range_server import (
    RangeServer,
    by_path,
    empty_response,
    good_response,
    in_turn,
    redirect,
    with_headers,
)
from contract_tests.support.remote_files import private_refusal, refusal
from kling_elements.media import range_client
from kling_elements.media.remote import open_remote, redacted_url
from kling_elements_client.errors import MediaError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_socket_stays_open")]
PUBLIC = "93.184.216.34"


@pytest.fixture
def connected_addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the addresses that sockets connect to. Connections to other machines are refused."""
    connect = socket.socket.connect
    addresses: list[str] = []

    def connecting(self: socket.socket, address: Any) -> None:
        addresses.append(address[0])
        if address[0] != "127.0.0.1":
            raise ConnectionRefusedError(111, "Connection refused")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    return addresses


@pytest.fixture
def _public_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.1 count as a public address, and no other address of this machine."""
    policy = Policy(allowed_networks=(ip_network("127.0.0.1"),), allowed_ports=frozenset(range(1, 65536)))
    monkeypatch.setattr(range_client, "_policy", lambda *, allow_private: (policy, allow_private)[0])


# Addresses in messages


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://media.example.com/a/b.jpg", "https://media.example.com/a/b.jpg"),
        ("https://media.example.com:8443/a?X-Signature=secret#secret", "https://media.example.com:8443/a"),
        ("HTTP://mara:secret@media.example.com?secret", "HTTP://media.example.com"),
        ("http://mara:sec@ret@[::1]:80/@a", "http://[::1]:80/@a"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
        ("http://a.example/line\nbreak\x1b[0m", "http://a.example/line?break?[0m"),
        ("http://a.example/" + "x" * 300, "http://a.example/" + "x" * 183 + "..."),
        *(
            (hidden, "an address")
            for hidden in (
                "",
                "data:image/png;base64,secret",
                "/9j/secret",
                "http://",
                "http:///secret",
                "http://mara:secret/word@a.example/",
                "http://mara:secret?word@a.example/",
                "http://mara:secret\\@a.example/",
                "http://[secret",
                "file:///etc/passwd",
            )
        ),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, expected: str) -> None:
    """User, query and fragment are removed. A URL in which they can't be recognized is not shown."""
    assert expected == redacted_url(url)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_remembered(serving: Callable[..., RangeServer], status: int) -> None:
    """The redirect's body is not read, and later parts come from the new URL."""
    server = serving(by_path(file=redirect("moved?to=here#now", status), moved=good_response))
    with open_remote(server.url, allow_private=True) as file:
        assert server.file.read(50_000, 50_010) == file.peek(50_000, 10)
        assert 3 == file.requests
        assert file.fetched_bytes < 200_000
    assert ["/file", "/moved?to=here", "/moved?to=here"] == [request.target for request in server.requests]


def test_a_redirect_to_another_server_is_followed(serving: Callable[..., RangeServer]) -> None:
    """An error from that server contains its URL without the query."""
    there = serving(in_turn(good_response, empty_response(404)))
    here = serving(redirect(f"{there.url}?token=secret"))
    with open_remote(here.url, allow_private=True) as file:
        assert there.file.read(0, 10) == file.peek(0, 10)
        with pytest.raises(MediaError, match=f"HTTP 404 from {there.url}; "):
            file.peek(50_000, 1)


def test_the_number_of_redirects_is_limited(serving: Callable[..., RangeServer]) -> None:
    """The client follows five, whether they form a loop or not."""
    moving = redirect("/file")
    server = serving(in_turn(*[moving] * 5, good_response))
    with open_remote(server.url, allow_private=True) as file:
        assert 6 == file.requests

    loop = serving(moving)
    message = "is redirected more than 5 times; use the URL that it leads to"
    assert message == private_refusal(loop.url)
    assert 6 == len(loop.requests)


@pytest.mark.usefixtures("_public_machine")
@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            "http://169.254.169.254/latest/meta-data/",
            "resolves to a private or reserved address (169.254.169.254); ",
        ),
        ("http://127.0.0.2/", "resolves to a private or reserved address (127.0.0.2); "),
        ("//[::1]/", "resolves to a private or reserved address (::1); "),
        ("http://[::ffff:10.0.0.1]/", "resolves to a private or reserved address (::ffff:"),
        ("http://intranet.example/", "resolves to a private or reserved address (10.0.0.7); "),
        ("file:///etc/passwd", "must begin with http:// or https://, and so must its redirects"),
        ("gopher://a.example/", "must begin with http:// or https://"),
        ("http://mara:secret@a.example/", "contains a user or password"),
        ("http://[::1", "is not a valid URL, or redirects to an invalid one"),
        ("http://a.example:99999/", "has port 99999, but only 80, 443, 8080, 8443 are allowed"),
        ("http://a.example:0/", "has port 0, but only 80, 443, 8080, 8443 are allowed"),
        ("http://0177.0.0.1/", "is not a valid URL, or redirects to an invalid one"),
        ("http://\x80\xff/", "is not a valid URL, or redirects to an invalid one"),
        ("http://a_b.example/", "is refused: host 'a_b.example' is not a well-formed hostname"),
        ("http://a.example/" + "x" * 9000, "is refused: is longer than max_url_length (8192)"),
    ],
)
def test_a_redirect_to_a_refused_address_is_not_followed(
    serving: Callable[..., RangeServer],
    names: dict[str, list[list[str]]],
    connected_addresses: list[str],
    location: str,
    expected: str,
) -> None:
    """Each redirect is checked like the first address, before a request is sent."""
    names["intranet.example"] = [["10.0.0.7"]]
    server = serving(by_path(file=redirect("/next"), next=redirect(location.encode().decode("latin-1"))))
    assert refusal(server.url).startswith(expected)
    assert {"127.0.0.1"} == set(connected_addresses)
    assert 2 == len(server.requests)


def test_the_port_of_a_url_must_be_ascii() -> None:
    """Digits of other scripts are refused (RFC 3986)."""
    assert private_refusal("http://127.0.0.1:\u0668\u0660/").startswith("has a port with digits other than 0 to 9")


@pytest.mark.parametrize("location", [None, ""])
def test_a_redirect_without_a_location_is_an_error(serving: Callable[..., RangeServer], location: str | None) -> None:
    """An empty location counts as the same address."""
    assert private_refusal(serving(empty_response(302, location=location)).url).startswith(
        "HTTP 302; " if location is None else "is redirected more than 5 times"
    )


# Forbidden addresses


@pytest.mark.parametrize(
    "url",
    [
        *(
            f"{scheme}://{host}/image.jpg?token=secret"
            for scheme in ("http", "https")
            for host in (
                *("127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "017700000001", "0x7f.0.0.1", "0x7f000001"),
                *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
                *("0.0.0.0", "0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
                *("169.254.169.254", "169.254.170.2", "100.100.100.200", "[fd00:ec2::254]", "[fd12:3456::1]"),
                *("168.63.129.16", "[::ffff:0:10.0.0.1]", "[::ffff:0:7f00:1]"),
                *("[fe80::1]", "[fe80::1%25eth0]", "[ff02::1]", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
                *("localhost", "localhost.", "LOCALHOST", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1"),
                *("metadata.google.internal", "instance-data.ec2.internal", "printer.example", "both.example"),
                *("mara@a.example", "mara:secret@a.example", "a.example@127.0.0.1", "a.example:secret@[::1]"),
                *("127.0.0.1:80", "a.example\\@127.0.0.1", "127.0.0.1\\@a.example", "a.example:22", "a.example:6379"),
                *(
                    "",
                    ":80",
                    "a..example",
                    "-",
                    "a b.example",
                    "a.example:port",
                    "a.example:-1",
                    "[",
                    "[::1",
                    "x" * 300,
                ),
            )
        ),
        *("file:///etc/passwd", "ftp://a.example/", "gopher://a.example:70/_", "data:image/png;base64,AAAA"),
        *(
            "javascript:alert(1)",
            "//a.example/",
            "/etc/passwd",
            "a.example/image.jpg",
            "",
            " ",
            "http",
            "http:a.example",
        ),
        *("http://a.example/\x00", "http://a.example/\n", "unix:///run/docker.sock", "https+unix://a.example/"),
        "http://a.example/" + "x" * 70_000,
    ],
)
def test_a_hostile_url_is_refused_before_any_connection(
    names: dict[str, list[list[str]]], connected_addresses: list[str], url: str
) -> None:
    """The test covers every spelling of a URL, and every address of a name."""
    names |= {
        "metadata.google.internal": [["169.254.169.254"]],
        "instance-data.ec2.internal": [["fd00:ec2::254"]],
        "printer.example": [["192.168.1.9", "fe80::9"]],
        "both.example": [[PUBLIC, "127.0.0.1"]],
        "a.example": [["10.0.0.1"]],
    }
    message = refusal(url)
    assert "secret" not in message
    assert [] == connected_addresses


def test_a_public_address_is_accepted(names: dict[str, list[list[str]]], connected_addresses: list[str]) -> None:
    """A public address takes one DNS look-up. A name in another script is looked up as DNS spells it."""
    names["xn--bcher-kva.example"] = [[PUBLIC, "93.184.216.35"]]
    message = refusal("http://bücher.example:8080/")
    assert message.startswith("cannot be connected to: could not connect to any validated address: ")
    assert [PUBLIC, "93.184.216.35"] == connected_addresses


def test_an_unknown_name_cannot_be_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error contains the system's own message."""

    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "Name or service not known" in refusal("https://nowhere.example/a.jpg?token=secret")


@pytest.mark.parametrize("respond", ["raises", "no address"])
def test_unusual_errors_of_a_resolver_are_reported(monkeypatch: pytest.MonkeyPatch, respond: str) -> None:
    """A resolver that replaces the system's may raise any error."""

    def look_up(*_: Any, **__: Any) -> Any:
        if respond == "raises":
            raise ValueError("no such zone")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("nobody", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert refusal("http://a.example/?secret").startswith("cannot be connected to: the host name cannot be looked up: ")


@pytest.mark.usefixtures("_public_machine")
def test_dns_rebinding_is_refused(
    serving: Callable[..., RangeServer], names: dict[str, list[list[str]]], connected_addresses: list[str]
) -> None:
    """The name gets a public address for the first request, and a private one for the next."""
    server = serving(with_headers(connection="close"))
    names["a.example"] = [["127.0.0.1"], ["10.0.0.1"]]

    message = refusal(f"http://a.example:{server.port}/", (50_000, 1))

    assert message.startswith("resolves to a private or reserved address (10.0.0.1); allow_private=True allows it")
    assert ["127.0.0.1"] == connected_addresses


def test_the_checked_address_is_the_one_connected_to(
    names: dict[str, list[list[str]]], connected_addresses: list[str]
) -> None:
    """A name is looked up once for each connection, so that the address can't change after the check."""
    names["a.example"] = [[PUBLIC], ["127.0.0.1"]]
    refusal("http://a.example/")
    assert [PUBLIC] == connected_addresses
    assert [["127.0.0.1"]] == names["a.example"]


def test_private_addresses_are_read_if_allowed(
    serving: Callable[..., RangeServer], names: dict[str, list[list[str]]]
) -> None:
    """Names may resolve to them as well. The other rules still apply."""
    server = serving()
    names["a.example"] = [["127.0.0.1"]]
    with open_remote(f"http://a.example:{server.port}/file", allow_private=True) as file:
        assert server.file.read(0, 10) == file.peek(0, 10)
    assert private_refusal("file:///etc/passwd").startswith("must begin with http")
    assert private_refusal(server.url.replace("//", "//mara:secret@")).startswith("contains a user or password")


def test_proxies_of_the_environment_are_not_used(
    serving: Callable[..., RangeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy could connect to forbidden addresses."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with open_remote(serving().url, allow_private=True) as file:
        assert file.size == 100_000
