"""Tests of the contract as a document: the second reading in `contract_tests/reading` beside client and mock server.

The class `Contract` is tested in `runtime/test_contract.py`, clients with another contract in
`front/test_client_contract.py`, and the linter of the contract in `codegen/test_lint.py`.
"""
