"""Tests of `kling_elements_client` and `kling_elements_runtime`."""
