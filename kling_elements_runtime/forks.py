"""Prevent forked processes from using the connections of their parent."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Protocol
from weakref import WeakSet


class HasConnections(Protocol):
    """A client whose connections a forked child must not use."""

    def leave_connections(self) -> object:
        """Start without connections, and return the parent process's connections."""
        ...


_living = WeakSet[HasConnections]()
_parent_connections: list[object] = []
_importing = threading.RLock()  # held during a fork, which therefore waits for imports in progress


def leave_connections_in_children(client: HasConnections) -> None:
    """Register a client, so that processes forked from now on leave its connections to the parent."""
    _living.add(client)


def import_all(names: Iterable[str]) -> None:
    """Import modules early; missing ones are skipped. A fork waits until this is done."""
    with _importing:
        for name in names:
            with suppress(ModuleNotFoundError):  # other versions of a library have other modules
                import_module(name)


def _in_child() -> None:
    _importing.release()
    _parent_connections.extend([client.leave_connections() for client in _living])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_importing.acquire, after_in_parent=_importing.release, after_in_child=_in_child)
