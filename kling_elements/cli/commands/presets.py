"""`kling-elements presets`: list the preset elements."""

from __future__ import annotations

from kling_elements.cli.commands.list import Limit, print_tasks
from kling_elements.cli.gateway import GatewayOptions
from kling_elements.cli.output import Output


def command(*, limit: Limit = None, gateway: GatewayOptions = GatewayOptions(), output: Output = Output()) -> None:
    """List the preset elements that anybody can use.

    Args:
        limit: Show at most this many tasks.
    """
    with gateway.client() as kling:
        print_tasks(kling.presets(), limit, output)
