"""The part that all generated clients share, independent of any API: transport, checks, answers and errors.

A generated client brings an OpenAPI document and connects it to the classes here:

    from kling_elements_runtime.client import AuthenticatedClient
    from kling_elements_runtime.contract import Contract
"""
