"""Fixtures for every test, those of the tools included."""

pytest_plugins = ["contract_tests.support.fixtures"]
