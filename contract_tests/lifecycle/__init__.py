"""Tests of `kling_elements.lifecycle`, and of whole lives of elements, with both clients."""
