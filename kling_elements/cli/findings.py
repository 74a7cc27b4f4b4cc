"""The checks of `kling-elements doctor` that need no call: versions, key, URL, proxies and certificates."""

from __future__ import annotations

import os
import platform
import ssl
import stat
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal
from urllib.request import getproxies

import httpcore
import httpx
from attrs import frozen

from kling_elements.cli import keys
from kling_elements.cli.exits import CommandError, Exit
from kling_elements.cli.gateway import VARIABLE as GATEWAY_VARIABLE
from kling_elements.cli.gateway import GatewayOptions, contract_for, with_option_names
from kling_elements.gateway_catalog import name_by_host
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from kling_elements_runtime.addresses import is_loopback
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.settings import check_url
from kling_elements_runtime.texts import printable
from kling_elements_runtime.transport.route import Route

_OTHER_USERS = stat.S_IRWXG | stat.S_IRWXO


@frozen
class SetupFinding:
    """The result of one check.

    Attributes:
        check: The name of the check.
        state: `ok`; `warning` if calls still work; `problem` if calls fail.
        text: The result as a phrase.
        advice: The advice, or an empty string if nothing is wrong or if the text already contains it.
        exit: The exit code for a problem.
    """

    check: str
    state: Literal["ok", "warning", "problem"]
    text: str
    advice: str = ""
    exit: Exit = Exit.DONE

    @property
    def line(self) -> str:
        """The finding as a human-readable line, without its state."""
        return f"{self.check:<13} " + "; ".join(filter(None, [self.text, self.advice]))

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON value."""
        return {"check": self.check, "state": self.state, "text": self.text, "advice": self.advice or None}


def ok(check: str, text: str) -> SetupFinding:
    """Return a finding for a check that passed."""
    return SetupFinding(check, "ok", text)


def warning(check: str, text: str, advice: str) -> SetupFinding:
    """Return a finding for something that doesn't break calls yet."""
    return SetupFinding(check, "warning", text, advice)


def problem(check: str, text: str, advice: str, exit: Exit = Exit.USAGE) -> SetupFinding:  # noqa: A002 - the field's name
    """Return a finding for something that breaks calls."""
    return SetupFinding(check, "problem", text, advice, exit)


def check_versions() -> SetupFinding:
    """Return the installed versions, with a warning if an optional package is missing."""
    packages = "kling-elements", "httpx", "attrs", "jsonschema-rs", "pillow", "av"
    versions = {name: _version(name) for name in packages}
    parts = [f"{name} {installed}" for name, installed in versions.items() if installed]
    parts += [f"Python {platform.python_version()}", ssl.OPENSSL_VERSION, f"{platform.system()} {platform.machine()}"]
    text = ", ".join(parts)
    if versions["av"] is None:
        return warning("versions", text, 'to fit videos, run pip install "kling-elements[video]"')
    return ok("versions", text)


def check_key(gateway: GatewayOptions, environment: Mapping[str, str]) -> tuple[SetupFinding, keys.Key | None]:
    """Find the API key, and return it with a finding about it."""
    try:
        key = keys.find(gateway.key_file, environment)
    except CommandError as error:
        is_unreadable = error.__cause__ is not None
        return problem("key", str(error), "run kling-elements login" if is_unreadable else ""), None
    path = gateway.key_file or (None if environment.get(keys.VARIABLE) else keys.stored_path())
    if path is not None and os.name == "posix" and path.stat().st_mode & _OTHER_USERS:
        return warning(
            "key", f"from {key.source}; other users of this machine can read it", f"run chmod 600 {path}"
        ), key
    return ok("key", f"from {key.source}"), key


def check_contract(gateway: GatewayOptions, environment: Mapping[str, str]) -> tuple[SetupFinding, Contract | None]:
    """Find the gateway's contract, and return it with a finding that says why it is this one."""
    try:
        contract = contract_for(gateway.gateway_name, gateway.base_url)
    except CommandError as error:
        return problem("contract", str(error), "correct --gateway, or unset " + GATEWAY_VARIABLE), None
    if gateway.gateway_name is not None:
        is_set = gateway.gateway_name == environment.get(GATEWAY_VARIABLE)
        source = f"the environment variable {GATEWAY_VARIABLE}" if is_set else "--gateway"
        return ok("contract", f"that of {gateway.gateway_name} ({source})"), contract
    default = name_by_host(DEFAULT_BASE_URL)
    if not gateway.base_url:
        return ok("contract", f"that of {default}, the default gateway"), contract
    if (name := name_by_host(gateway.base_url)) is not None:
        return ok("contract", f"that of {name}, because the URL is its own"), contract
    text = f"that of {default}, the default gateway, because this URL belongs to no known gateway"
    return ok("contract", f"{text}; if calls fail, pass --gateway, or run doctor --passport mine.yaml"), contract


def check_address(
    gateway: GatewayOptions, environment: Mapping[str, str], contract: Contract
) -> tuple[SetupFinding, httpx.URL | None]:
    """Check the gateway's URL, and return it with a finding about it."""
    address = gateway.base_url or contract.first_server()
    if "{" in address:
        reason = f"the contract of {gateway.gateway_name} does not say where the gateway is"
        return problem("url", reason, f"pass --base-url, or set {BASE_URL_VARIABLE}"), None
    if not gateway.base_url:
        source = "the default gateway" if gateway.gateway_name is None else f"the contract of {gateway.gateway_name}"
    elif gateway.base_url == environment.get(BASE_URL_VARIABLE):
        source = f"the environment variable {BASE_URL_VARIABLE}"
    else:
        source = "--base-url"
    paths = {operation.path for operation in contract.operations().values()}
    try:
        url = check_url(address, allow_http=gateway.allow_http, paths=paths)
    except ValueError as error:
        return problem("url", with_option_names(str(error)), f"correct the URL from {source}"), None
    text = f"{url} ({source})"
    if url.scheme == "http" and not is_loopback(url.host):
        return warning("url", text, "use https, because others on the network can read the key and the images"), url
    return ok("url", text), url


def check_proxy(url: httpx.URL) -> SetupFinding:
    """Return a finding about the environment's proxy, if one is used."""
    local = is_loopback(url.host)
    try:
        proxy = Route.of(url, {"verify": False}, on_this_machine=local, reuse_seconds=1).proxy
    except ValueError as error:
        return problem("proxy", str(error), "correct or unset the variable")
    if proxy is not None:
        return ok("proxy", f"{proxy.url.scheme}://{proxy.url.netloc.decode('ascii')}, from the environment")
    proxy_schemes = sorted(scheme for scheme in getproxies() if scheme in (url.scheme, "all"))
    if not proxy_schemes:
        return ok("proxy", "none")
    reason = "the gateway is on this machine" if local else "NO_PROXY excludes the gateway"
    return ok("proxy", f"not used, because {reason}")


def check_certificates(url: httpx.URL) -> SetupFinding:
    """Return a finding about the authorities that may have issued the gateway's certificate."""
    if url.scheme == "http":
        return ok("certificates", "not used, because the URL begins with http")
    variables = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    try:
        Route.of(url, {}, on_this_machine=True, reuse_seconds=1).ssl_context()
    except (ValueError, httpcore.ConnectError) as error:
        advice = f"correct or unset {' and '.join(variables)}" if variables else "install the package certifi again"
        return problem("certificates", printable(str(error)), advice)
    if variables:
        return ok("certificates", ", ".join(f"{name}={os.environ[name]}" for name in variables))
    return ok("certificates", f"the default authorities (certifi {_version('certifi')})")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
