"""Tests of the contract, of its checking and of what is generated from it."""
