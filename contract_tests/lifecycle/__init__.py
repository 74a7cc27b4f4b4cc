"""Tests of the modules at the top of `kling_elements`: what its two clients make of a subject's life."""
