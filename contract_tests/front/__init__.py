"""Tests of the modules directly in `kling_elements`, except `webhooks` and `strict_json`."""
