"""`kling-elements list`: list the tasks of the account."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from kling_elements.cli.formatting import HEADING, task_json, task_lines
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output
from kling_elements_client.models import Task

Limit = Annotated[int | None, Parameter(validator=Number(gte=1))]


def command(*, limit: Limit = None, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()) -> None:
    """List your tasks and their elements, newest first.

    Args:
        limit: Show at most this many tasks.
    """
    with gateway.client() as kling:
        print_tasks(kling.list(), limit, output)


def print_tasks(tasks: Iterator[Task], limit: int | None, output: Output) -> None:
    """Print each task as soon as its page arrives."""
    if not output.json and sys.stdout.isatty():
        output.note(HEADING)
    is_empty = True
    for task in islice(tasks, limit):
        is_empty = False
        output.result(task_json(task), "\n".join(task_lines(task)))
    if is_empty:
        output.note("There are no tasks yet.")
