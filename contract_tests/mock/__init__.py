"""Tests of `kling_elements.mock` and `kling_elements.testing`."""
