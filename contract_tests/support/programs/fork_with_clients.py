"""Use two clients in a parent process and in its child, which is forked while a thread holds the clients' locks.

Arguments: the URL of the gateway, and a request as JSON. Prints the exit code of the child.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from kling_elements import HttpClientOptions, KlingElements


def main(url: str, body: Mapping[str, Any]) -> None:
    """Fork after a client was used, and use both clients on both sides."""
    signal.alarm(60)
    options = HttpClientOptions(limits=httpx.Limits(keepalive_expiry=600))  # seconds, enough for a busy machine
    used, fresh = KlingElements("t", url, http_client=options), KlingElements("t", url, http_client=options)
    used.create(body)
    held, forked = threading.Event(), threading.Event()

    def hold_locks() -> None:
        locks = [client.client._connections._lock for client in (used, fresh)]  # noqa: SLF001 - no caller has one
        with locks[0], locks[1]:
            held.set()
            forked.wait()

    threading.Thread(target=hold_locks).start()
    held.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(30)  # a deadlock must not last
        used.create(body)
        fresh.create(body)
        used.close()
        fresh.close()
        sys.exit()
    forked.set()
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
    used.get("1")  # not a create, which opens a new connection if this one was idle for a second
    fresh.create(body)
    used.close()
    fresh.close()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
