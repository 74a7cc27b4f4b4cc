"""Tests of `make live`."""
