"""Names that lead where a test says."""

from __future__ import annotations

import socket
from typing import Any

import pytest


def lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name lead to these addresses, or nowhere if there are none."""

    def look_up(*_: Any, **__: Any) -> Any:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (address, 0)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
