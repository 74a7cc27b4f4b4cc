"""`kling-elements delete`: delete elements."""

from __future__ import annotations

import shlex

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output
from kling_elements_client.errors import StatusError, TransportError
from kling_elements_runtime.texts import for_message

_ABSENT_STATUSES = (400, 404)  # gateways answer with these if the element does not exist


def command(*elements: str, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()) -> None:
    """Delete elements by their ids. Deleting an element twice is not an error.

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
                retry_command = shlex.join(["kling-elements", "delete", *elements[position:]])
                raise CommandError(
                    f"{error}; element {element} may have been deleted", Exit.UNKNOWN, retry_command
                ) from error
            except StatusError as error:
                if error.status_code not in _ABSENT_STATUSES:
                    raise
                raise CommandError(
                    f"the gateway has no element {for_message(element)} ({error.message or error}); "
                    "if this is the id of a task, pass the id of its element instead",
                    Exit.REFUSED_BY_GATEWAY,
                    "kling-elements list",
                ) from error
            output.result({"deleted": element}, f"deleted {element}")
