"""Create elements, and interrupt each create at another moment, as Ctrl+C does. The client logs warnings to stderr.

Arguments: the URL of the gateway, a request as JSON, and the number of creates. Prints a list with the external ids
that each create reported, as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kling_elements import KlingElements, Task


def interrupt(thread_id: int, seconds: float, arrived: threading.Event) -> None:
    """Interrupt a thread after some seconds, until the interruption has arrived.

    An interruption is lost if it comes in the callback of a weak reference, where CPython drops exceptions.
    """
    time.sleep(seconds)
    while True:
        signal.pthread_kill(thread_id, signal.SIGINT)
        if arrived.wait(10):
            break


def external_ids_of_interrupted(create: Callable[[], Sequence[Task]], seconds: float) -> list[str]:
    """Create elements, and return the external ids on the interruption and in the tasks."""
    arrived = threading.Event()
    tasks: Sequence[Task] = []
    thread = threading.Thread(target=interrupt, args=[threading.get_ident(), seconds, arrived])
    try:
        thread.start()
        tasks = create()
        while True:
            time.sleep(0.001)
    except KeyboardInterrupt as error:
        arrived.set()
        external_ids = [getattr(error, "external_task_id", None), *getattr(error, "external_task_ids", [])]
    thread.join()
    return [*filter(None, external_ids), *(str(task.external_task_id) for task in tasks)]


def main(url: str, body: Mapping[str, Any], tries: int) -> None:
    """Interrupt creates of each kind in turn."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes of a shell ignore it
    with KlingElements("any-token", url) as kling:
        creates: list[Callable[[], Sequence[Task]]] = [
            lambda: [kling.create(body)],
            lambda: [kling.get_or_create(body)],
            lambda: kling.create_all([body] * 3),
        ]
        reports = [external_ids_of_interrupted(creates[number % 3], number / 3000) for number in range(tries)]
    sys.stdout.write(json.dumps(reports))


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]))
