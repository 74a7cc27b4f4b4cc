"""Tests of `kling_elements.cli`."""
