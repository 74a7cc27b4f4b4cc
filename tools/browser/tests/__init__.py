"""Tests of `tools.browser`."""
