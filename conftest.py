"""Load the fixtures for every test, including those of the tools."""

pytest_plugins = ["contract_tests.support.fixtures"]
