"""The API-independent part that all generated clients share: transport, checks, responses and errors.

A generated client brings an OpenAPI document and connects it to the classes here:

    from kling_elements_runtime.client import AuthenticatedClient
    from kling_elements_runtime.contract import Contract
"""
