"""The options of every command that calls a gateway, and the client for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Group, Parameter

from kling_elements import KlingElements
from kling_elements.cli import keys
from kling_elements.cli.exits import CommandError, Exit

_GROUP = Group("Gateway", sort_key=10)


@Parameter(name="*")
@frozen(kw_only=True)
class GatewayOptions:
    """The gateway to call, and the key for it.

    Attributes:
        base_url: The gateway's address; None for the contract's first server.
        key_file: A file with the API key.
        allow_http: Whether to send requests to another machine without TLS.
    """

    base_url: Annotated[
        str | None,
        Parameter(
            group=_GROUP, env_var="KLING_BASE_URL", help="The gateway's address, such as https://gateway.example.com."
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        Parameter(
            group=_GROUP,
            help="A file that contains only the API key. By default the key comes from the environment variable "
            "KLING_API_KEY, or else from kling-elements login.",
        ),
    ] = None
    allow_http: Annotated[bool, Parameter(group=_GROUP, help="Allow an http address on another machine.")] = False

    def client(self, **options: Any) -> KlingElements:
        """Return a client for this gateway.

        Args:
            **options: Further arguments for `KlingElements`.

        Raises:
            CommandError: There is no key, or a setting is invalid.
        """
        key = keys.find(self.key_file, os.environ)
        try:
            return KlingElements(key.reveal, self.base_url, allow_http=self.allow_http, **options)
        except ValueError as error:
            raise CommandError(with_option_names(str(error)), Exit.USAGE) from None


def with_option_names(message: str) -> str:
    """Return an error message with options of the command in place of the client's arguments."""
    return (
        message.replace("allow_http=True", "--allow-http")
        .replace("base_url", "--base-url")
        .replace("the token", "the API key")
    )
