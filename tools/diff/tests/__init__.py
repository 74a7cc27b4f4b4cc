"""Tests of `make diff`."""
