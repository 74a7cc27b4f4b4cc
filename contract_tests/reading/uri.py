"""The grammar of URIs, appendix A of RFC 3986, as one regular expression."""

from __future__ import annotations

import re

_UNRESERVED = r"[A-Za-z0-9._~-]"
_SUB_DELIMS = r"[!$&'()*+,;=]"
_ENCODED = r"%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:{_UNRESERVED}|{_ENCODED}|{_SUB_DELIMS}|[:@])"

_DEC_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"{_DEC_OCTET}(?:\.{_DEC_OCTET}){{3}}"
_H16 = r"[0-9A-Fa-f]{1,4}"
_LS32 = rf"(?:{_H16}:{_H16}|{_IPV4})"
_IPV6 = "|".join(
    (
        rf"(?:{_H16}:){{6}}{_LS32}",
        rf"::(?:{_H16}:){{5}}{_LS32}",
        rf"(?:{_H16})?::(?:{_H16}:){{4}}{_LS32}",
        rf"(?:(?:{_H16}:){{0,1}}{_H16})?::(?:{_H16}:){{3}}{_LS32}",
        rf"(?:(?:{_H16}:){{0,2}}{_H16})?::(?:{_H16}:){{2}}{_LS32}",
        rf"(?:(?:{_H16}:){{0,3}}{_H16})?::{_H16}:{_LS32}",
        rf"(?:(?:{_H16}:){{0,4}}{_H16})?::{_LS32}",
        rf"(?:(?:{_H16}:){{0,5}}{_H16})?::{_H16}",
        rf"(?:(?:{_H16}:){{0,6}}{_H16})?::",
    )
)
_IPV_FUTURE = rf"[vV][0-9A-Fa-f]+\.(?:{_UNRESERVED}|{_SUB_DELIMS}|:)+"
_REG_NAME = rf"(?:{_UNRESERVED}|{_ENCODED}|{_SUB_DELIMS})*+"
_HOST = rf"(?:\[(?:{_IPV6}|{_IPV_FUTURE})\]|{_REG_NAME})"
_USERINFO = rf"(?:{_UNRESERVED}|{_ENCODED}|{_SUB_DELIMS}|:)*+"
_AUTHORITY = rf"(?:{_USERINFO}@)?{_HOST}(?::[0-9]*)?"

_PATH_ABEMPTY = rf"(?:/{_PCHAR}*+)*+"
_PATH_ABSOLUTE = rf"/(?:{_PCHAR}++{_PATH_ABEMPTY})?"
_PATH_ROOTLESS = rf"{_PCHAR}++{_PATH_ABEMPTY}"
_HIER_PART = rf"(?://{_AUTHORITY}{_PATH_ABEMPTY}|{_PATH_ABSOLUTE}|{_PATH_ROOTLESS}|)"
_TAIL = rf"(?:{_PCHAR}|[/?])*+"

_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*+:{_HIER_PART}(?:\?{_TAIL})?(?:\#{_TAIL})?")


def is_uri(text: str) -> bool:
    """Return whether the whole text is a URI: absolute, in ASCII, with nothing before or after."""
    return _URI.fullmatch(text) is not None
