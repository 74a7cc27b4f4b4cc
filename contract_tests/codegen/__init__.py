"""Tests of `scripts.codegen`: the linter, the generator, and the pages that it writes."""
