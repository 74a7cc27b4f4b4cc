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
from kling_elements.gateway_catalog import contract_of, gateway_in
from kling_elements_runtime.contract import Contract

VARIABLE = "KLING_GATEWAY"
_GROUP = Group("Gateway", sort_key=10)


@Parameter(name="*")
@frozen(kw_only=True)
class GatewayOptions:
    """The gateway to call, its contract, and the key for it.

    Attributes:
        base_url: The gateway's URL, or None for the contract's first server.
        gateway_name: The name of the gateway whose contract to use, or an overlay file, or None if the URL decides.
        key_file: A file with the API key.
        allow_http: Whether to send requests to another machine without TLS.
        relax: The rules that the gateway doesn't apply.
    """

    base_url: Annotated[
        str | None,
        Parameter(
            group=_GROUP, env_var="KLING_BASE_URL", help="The gateway's URL, such as https://gateway.example.com."
        ),
    ] = None
    gateway_name: Annotated[
        str | None,
        Parameter(
            name="--gateway",
            group=_GROUP,
            env_var=VARIABLE,
            help="Whose contract to use: the name of a gateway, such as kling-singapore, or the file of an overlay. By "
            "default the host of the URL decides.",
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
    allow_http: Annotated[bool, Parameter(group=_GROUP, help="Allow an http URL on another machine.")] = False
    relax: Annotated[
        tuple[str, ...],
        Parameter(
            group=_GROUP,
            help="A rule that the gateway doesn't apply, such as R28: requests that break only these rules are "
            "sent, with a warning. Repeat --relax for each rule.",
        ),
    ] = ()

    def client(self, **options: Any) -> KlingElements:
        """Return a client for this gateway.

        Args:
            **options: Further arguments for `KlingElements`.

        Raises:
            CommandError: There is no key, or a setting is invalid.
        """
        key = keys.find(self.key_file, os.environ)
        try:
            chosen = None if self.gateway_name is None else gateway_in(self.gateway_name)
            return KlingElements(
                key.reveal,
                self.base_url,
                allow_http=self.allow_http,
                relax=self.relax,
                gateway=chosen,
                **options,
            )
        except ValueError as error:
            raise CommandError(with_option_names(str(error)), Exit.USAGE) from None


def contract_for(gateway: str | None, base_url: str | None = None) -> Contract:
    """Return the contract of the gateway that an option names, or that is at an address.

    Raises:
        CommandError: There is no such gateway, or its overlay cannot be used.
    """
    try:
        return contract_of(None if gateway is None else gateway_in(gateway), base_url)
    except ValueError as error:
        raise CommandError(with_option_names(str(error)), Exit.USAGE) from None


def with_option_names(message: str) -> str:
    """Return an error message with options of the command in place of the client's arguments."""
    return (
        message.replace("allow_http=True", "--allow-http")
        .replace("a pathlib.Path to an overlay", "an overlay file (NAME.yaml or NAME.json)")
        .replace("base_url", "--base-url")
        .replace("the token", "the API key")
    )
