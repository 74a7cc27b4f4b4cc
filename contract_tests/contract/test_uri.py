"""The oracle accepts exactly the URIs of RFC 3986."""

from __future__ import annotations

import pytest

from contract_tests.reading.uri import is_uri


@pytest.mark.parametrize(
    "text",
    [
        "a:",
        "http://example.com",
        "HTTP://EXAMPLE.COM:80/",
        "http://example.com:/",
        "http://example.com:99999/",
        "https://",
        "https:///x",
        "http://:80/",
        "http://a:b@example.com/",
        "http://@example.com/",
        "http://%41.example/",
        "http://192.0.2.7/",
        "http://999.0.2.7/",
        "http://[::]/",
        "http://[::1]:80/",
        "http://[2001:db8::7]/",
        "http://[1:2:3:4:5:6:7:8]/",
        "http://[1:2:3:4:5:6:7::]/",
        "http://[::2:3:4:5:6:7:8]/",
        "http://[1::3:4:5:6:7:8]/",
        "http://[::ffff:192.0.2.7]/",
        "http://[1:2:3:4:5:6:192.0.2.7]/",
        "http://[v1.a:b]/",
        "http://[VF.~]/",
        "https://example.com/-._~!$&'()*+,;=:@/%2F//",
        "https://example.com?a=b?c/d",
        "https://example.com#a?b/c",
        "https://example.com/?#",
        "ftp://example.com/",
        "mailto:ada@example.com",
        "urn:isbn:0451450523",
        "file:///a",
        "a+b-c.1:/",
    ],
)
def test_a_uri_is_accepted(text: str) -> None:
    """Any string that the grammar of RFC 3986 produces is accepted, sensible or not."""
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        ":",
        "//example.com/",
        "/a",
        "example.com/a",
        "1a:b",
        "-a:b",
        "é:b",
        "a_b:c",
        "http://example.com/é",
        "http://例子.example/",
        "http://example.com/a b",
        " http://example.com/",
        "http://example.com/ ",
        "http://example.com/\n",
        "http://example.com\n",
        "http://example.com/\x00",
        "http://example.com/\x7f",
        "http://example.com/%",
        "http://example.com/%2",
        "http://example.com/%zz",
        "http://example.com/%\uff11\uff11",
        "http://example.com:\uff18\uff10/",
        "http://example.com:port/",
        "http://example.com:80:80/",
        "http://a@b@example.com/",
        "http://[::1/",
        "http://::1]/",
        "http://[]/",
        "http://[example]/",
        "http://[1:2:3:4:5:6:7]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[1::2::3]/",
        "http://[12345::]/",
        "http://[1:2:3:4:5:6:7:192.0.2.7]/",
        "http://[::256.0.2.7]/",
        "http://[::01.0.2.7]/",
        "http://[fe80::1%25eth0]/",
        "http://[v.a]/",
        "http://[v1.]/",
        "http://[::1]a/",
        "http://example.com/a#b#c",
        "http://example.com/[a]",
        "http://example.com/?[a]",
        "http://example.com/<a>",
        'http://example.com/"a"',
        "http://example.com/{a}",
        "http://example.com/a|b",
        "http://example.com/a^b",
        "http://example.com/a`b",
        "http:\\\\example.com\\a",
    ],
)
def test_a_string_that_is_not_a_uri_is_refused(text: str) -> None:
    assert not is_uri(text)


def test_a_long_uri_is_checked_fast() -> None:
    """A string that is nearly a URI must not cause exponential backtracking."""
    assert not is_uri("http://" + "a" * 1_000_000 + " ")
    assert not is_uri("a" * 1_000_000)
    assert is_uri("http://example.com" + "/a" * 500_000)
