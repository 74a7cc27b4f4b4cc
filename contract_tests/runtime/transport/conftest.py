"""Fixtures for the tests of the transport."""

from __future__ import annotations

import os

import pytest

from contract_tests.support.element_creator import ElementCreator
from contract_tests.support.peers import CallStyle

_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower() in _VARIABLES:
            monkeypatch.delenv(name)


@pytest.fixture(params=["generated client", "KlingElements"])
def creator(request: pytest.FixtureRequest, call_style: CallStyle) -> ElementCreator:
    """Return a creator for each client and each way to call."""
    return ElementCreator(call_style, request.param == "generated client")
