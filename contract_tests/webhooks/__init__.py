"""Tests of `kling_elements.webhooks` and of `kling_elements.strict_json`, which it uses."""
