"""Check that other programs, which read the contract in their own ways, read it correctly: `make interop`."""
