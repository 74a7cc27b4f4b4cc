"""`kling-elements delete`: delete elements."""

from __future__ import annotations

import shlex

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output
from kling_elements_client.errors import TransportError


def command(*elements: str, gateway: Gateway = Gateway(), output: Output = Output()) -> None:
    """Delete elements by their ids. It is not an error if one was deleted before.

    Args:
        elements: The ids of the elements, as `wait` and `list` show them.
    """
    if not elements:
        raise CommandError("pass the id of at least one element", Exit.USAGE, "kling-elements list")
    with gateway.client() as kling:
        for position, element in enumerate(elements):
            try:
                kling.delete(element)
            except TransportError as error:
                if not error.may_have_been_sent:
                    raise
                again = shlex.join(["kling-elements", "delete", *elements[position:]])
                raise CommandError(f"{error}; element {element} may be deleted", Exit.UNKNOWN, again) from error
            output.result({"deleted": element}, f"deleted {element}")
