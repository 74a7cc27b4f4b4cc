"""Tests of `kling_elements.media`."""
