"""Prove that a test fails if any rule is lost: `make proof`."""
