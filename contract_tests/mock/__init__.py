"""Tests of `kling_elements.mock`."""
