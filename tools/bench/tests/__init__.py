"""Tests of `make bench` and `make soak`."""
