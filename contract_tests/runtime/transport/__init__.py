"""Tests of `kling_elements_runtime`, through the generated `kling_elements_client`."""
