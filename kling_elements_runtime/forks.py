"""What to do if a process is forked while it has clients."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Protocol
from weakref import WeakSet


class HasConnections(Protocol):
    """A client."""

    def leave_connections(self) -> object:
        """Begin anew, and return the connections of the parent process."""
        ...


_living = WeakSet[HasConnections]()
_of_the_parent: list[object] = []
_importing = threading.RLock()  # held during a fork, which so waits for imports under way


def leave_connections_in_children(client: HasConnections) -> None:
    """Have a client leave its connections to the parent process in each child that is forked from now on."""
    _living.add(client)


def import_all(names: Iterable[str]) -> None:
    """Import modules before they are needed, if they are there; a fork waits until this is done."""
    with _importing:
        for name in names:
            with suppress(ModuleNotFoundError):  # other versions of a library have other modules
                import_module(name)


def _in_child() -> None:
    _importing.release()
    _of_the_parent.extend([client.leave_connections() for client in _living])


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_importing.acquire, after_in_parent=_importing.release, after_in_child=_in_child)
