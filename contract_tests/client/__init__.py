"""Tests of `kling_elements_runtime`, by the client that is generated on it: `kling_elements_client`."""
