"""Holds the contract to programs of others, which read it in their own way: `make interop`."""
