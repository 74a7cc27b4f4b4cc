"""Tests of `kling_elements_runtime.transport`, through the generated `kling_elements_client`."""
