"""The contract against a real gateway: `make live`.

Each answer is held to what the contract says of it. What departs is told by pointers and types, never by values:
answers hold the names and images of somebody's subjects, and gateways have been seen to repeat the token.
"""
