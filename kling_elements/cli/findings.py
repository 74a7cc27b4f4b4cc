"""What `kling-elements doctor` finds out without a call: versions, key, address, proxies and certificates."""

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
from kling_elements.cli.gateway import Gateway, contract_for, in_options
from kling_elements.gateway_catalog import name_by_host
from kling_elements_client.client import BASE_URL_VARIABLE, DEFAULT_BASE_URL
from kling_elements_runtime.addresses import is_loopback
from kling_elements_runtime.contract import Contract
from kling_elements_runtime.settings import usable_url
from kling_elements_runtime.texts import printable
from kling_elements_runtime.transport.route import Route

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: `ok`; `warning` if nothing fails for it now; `problem` if calls fail.
        text: What was found.
        advice: What to do; empty if nothing is wrong, or if the text says it.
        exit: The exit code of a problem.
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


def ok(check: str, text: str) -> Finding:
    """Return a finding for a check that passed."""
    return Finding(check, "ok", text)


def warning(check: str, text: str, advice: str) -> Finding:
    """Return a finding for something that doesn't break calls yet."""
    return Finding(check, "warning", text, advice)


def problem(check: str, text: str, advice: str, exit: Exit = Exit.USAGE) -> Finding:  # noqa: A002 -- the field's name
    """Return a finding for something that breaks calls."""
    return Finding(check, "problem", text, advice, exit)


def on_versions() -> Finding:
    """Return which versions run here, and whether a part is missing."""
    names = "kling-elements", "httpx", "attrs", "jsonschema-rs", "pillow", "av"
    versions = {name: _version(name) for name in names}
    parts = [f"{name} {found}" for name, found in versions.items() if found]
    parts += [f"Python {platform.python_version()}", ssl.OPENSSL_VERSION, f"{platform.system()} {platform.machine()}"]
    text = ", ".join(parts)
    if versions["av"] is None:
        return warning("versions", text, 'to fit videos, run pip install "kling-elements[video]"')
    return ok("versions", text)


def on_key(gateway: Gateway, environment: Mapping[str, str]) -> tuple[Finding, keys.Key | None]:
    """Return whether there is a key that can be sent, and the key."""
    try:
        key = keys.find(gateway.key_file, environment)
    except CommandError as error:
        is_unreadable = error.__cause__ is not None
        return problem("key", str(error), "run kling-elements login" if is_unreadable else ""), None
    path = gateway.key_file or (None if environment.get(keys.VARIABLE) else keys.stored_path())
    if path is not None and os.name == "posix" and path.stat().st_mode & _OTHERS:
        return warning("key", f"from {key.source}; other users can read it", f"run chmod 600 {path}"), key
    return ok("key", f"from {key.source}"), key


def on_contract(gateway: Gateway, environment: Mapping[str, str]) -> tuple[Finding, Contract | None]:
    """Return which gateway's contract holds and why, and the contract."""
    try:
        contract = contract_for(gateway.speaks, gateway.base_url)
    except CommandError as error:
        return problem("contract", str(error), "correct --gateway, or unset " + GATEWAY_VARIABLE), None
    if gateway.speaks is not None:
        is_set = gateway.speaks == environment.get(GATEWAY_VARIABLE)
        source = f"the environment variable {GATEWAY_VARIABLE}" if is_set else "--gateway"
        return ok("contract", f"that of {gateway.speaks} ({source})"), contract
    usual = name_by_host(DEFAULT_BASE_URL)
    if not gateway.base_url:
        return ok("contract", f"that of {usual}, the usual gateway"), contract
    if (name := name_by_host(gateway.base_url)) is not None:
        return ok("contract", f"that of {name}, because the address is its own"), contract
    text = f"that of {usual}, the usual gateway, because this address belongs to no gateway that is known"
    return ok("contract", f"{text}; if calls fail, pass --gateway, or run doctor --passport mine.yaml"), contract


def on_address(
    gateway: Gateway, environment: Mapping[str, str], contract: Contract
) -> tuple[Finding, httpx.URL | None]:
    """Return whether the address can be used, and the address."""
    address = gateway.base_url or contract.first_server()
    if "{" in address:
        reason = f"the contract of {gateway.speaks} does not say where the gateway is"
        return problem("address", reason, f"pass --base-url, or set {BASE_URL_VARIABLE}"), None
    if not gateway.base_url:
        source = "the usual gateway" if gateway.speaks is None else f"the contract of {gateway.speaks}"
    elif gateway.base_url == environment.get(BASE_URL_VARIABLE):
        source = f"the environment variable {BASE_URL_VARIABLE}"
    else:
        source = "--base-url"
    paths = {operation.path for operation in contract.operations().values()}
    try:
        url = usable_url(address, allow_http=gateway.allow_http, paths=paths)
    except ValueError as error:
        return problem("address", in_options(str(error)), f"correct the address of {source}"), None
    text = f"{url} ({source})"
    if url.scheme == "http" and not is_loopback(url.host):
        return warning("address", text, "use https, because others on the way can read the key and the images"), url
    return ok("address", text), url


def on_proxy(url: httpx.URL) -> Finding:
    """Return which proxy of the environment is used, if any."""
    local = is_loopback(url.host)
    try:
        proxy = Route.of(url, {"verify": False}, on_this_machine=local, reuse_seconds=1).proxy
    except ValueError as error:
        return problem("proxy", str(error), "correct or unset the variable")
    if proxy is not None:
        return ok("proxy", f"{proxy.url.scheme}://{proxy.url.netloc.decode('ascii')}, from the environment")
    names = sorted(kind for kind in getproxies() if kind in (url.scheme, "all"))
    if not names:
        return ok("proxy", "none")
    reason = "the gateway is on this machine" if local else "NO_PROXY names the gateway"
    return ok("proxy", f"that of the environment is not used, because {reason}")


def on_certificates(url: httpx.URL) -> Finding:
    """Return which authorities the gateway's certificate is checked by."""
    if url.scheme == "http":
        return ok("certificates", "not used, because the address begins with http")
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    try:
        Route.of(url, {}, on_this_machine=True, reuse_seconds=1).ssl_context()
    except (ValueError, httpcore.ConnectError) as error:
        advice = f"correct or unset {' and '.join(named)}" if named else "install the package certifi again"
        return problem("certificates", printable(str(error)), advice)
    if named:
        return ok("certificates", ", ".join(f"{name}={os.environ[name]}" for name in named))
    return ok("certificates", f"the usual authorities (certifi {_version('certifi')})")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
