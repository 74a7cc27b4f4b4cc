"""Kling Elements: what stands by hand on top of `kling_elements_client`, the client generated from the contract.

`kling_elements.mock` is a server to test against: it answers as the contract says and refuses what the contract does.
Nothing is imported here, so that each part costs only its own dependencies.
"""
