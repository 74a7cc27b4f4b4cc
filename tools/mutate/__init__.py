"""Prove that no rule can be lost: `make proof`."""
