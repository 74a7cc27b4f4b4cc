"""Tests of the contract as a document: `scripts/codegen`, and `contract_tests/reading` beside client and mock server.

The class `Contract` is tested in `client/test_contract.py`, clients with another contract in
`lifecycle/test_client_contract.py`.
"""
