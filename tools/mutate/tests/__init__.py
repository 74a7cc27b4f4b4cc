"""Tests of `make proof`."""
