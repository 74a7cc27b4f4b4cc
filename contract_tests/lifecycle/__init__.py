"""Tests of `kling_elements.lifecycle` and of the modules at the top of `kling_elements`, with both clients."""
