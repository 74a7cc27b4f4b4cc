"""Tests of `kling_elements.webhooks` and `kling_elements.strict_json`."""
