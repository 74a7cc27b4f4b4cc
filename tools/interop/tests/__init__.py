"""Tests of `make interop`."""
