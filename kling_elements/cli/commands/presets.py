"""`kling-elements presets`: list the official elements."""

from __future__ import annotations

from kling_elements.cli.commands.list import Limit, show
from kling_elements.cli.gateway import Gateway
from kling_elements.cli.output import Output


def command(*, limit: Limit = None, gateway: Gateway = Gateway(), output: Output = Output()) -> None:
    """List the elements that Kling offers to everybody.

    Args:
        limit: Show only this many.
    """
    with gateway.client() as kling:
        show(kling.presets(), limit, output)
