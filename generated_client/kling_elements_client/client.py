# Generated from openapi/kling-elements.yaml by scripts/codegen/generate.py. Do not edit: run `make gen`.

"""The client of this API, with its environment variables and its first server."""

from __future__ import annotations

import logging
from typing import Final

from kling_elements_runtime import client as runtime
from kling_elements_runtime.client import DEFAULT_TIMEOUT, OnViolation

from .contract import CONTRACT

DEFAULT_BASE_URL: Final = "https://www.kkiai.com"
TOKEN_VARIABLE: Final = "KLING_API_KEY"
BASE_URL_VARIABLE: Final = "KLING_BASE_URL"
LOG_VARIABLE: Final = "KLING_LOG"


class AuthenticatedClient(runtime.AuthenticatedClient):
    """A pool of connections to one gateway, with one token. You can share it between threads.

    Use it as a context manager (`with` or `async with`), or call `close` or `aclose`. If you pass no `api_key`, the
    client uses the environment variable `KLING_API_KEY`; if you pass no `base_url`, it uses `KLING_BASE_URL`, or else
    the contract's first server.
    """

    contract = CONTRACT
    token_variable = TOKEN_VARIABLE
    base_url_variable = BASE_URL_VARIABLE
    first_server = DEFAULT_BASE_URL
    log = logging.getLogger("kling_elements.http")
    log_variable = LOG_VARIABLE


default_base_url: Final = AuthenticatedClient.default_base_url

__all__ = [
    "BASE_URL_VARIABLE",
    "DEFAULT_BASE_URL",
    "DEFAULT_TIMEOUT",
    "LOG_VARIABLE",
    "TOKEN_VARIABLE",
    "AuthenticatedClient",
    "OnViolation",
    "default_base_url",
]
