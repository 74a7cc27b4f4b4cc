"""Host names with addresses that a test chooses."""

from __future__ import annotations

import socket
from typing import Any

import pytest


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Resolve every name to these addresses. Without addresses, no name can be resolved."""

    def look_up(*_: Any, **__: Any) -> Any:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
