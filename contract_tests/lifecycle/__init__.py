"""Tests of the modules at the top of `kling_elements`: the life of an element, with both clients."""
