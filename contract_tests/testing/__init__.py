"""Tests of `kling_elements.testing`, which brings the mock server into your test suite."""
