"""Tests of what `kling_elements` makes of a subject's life."""
