"""What a change of the contract breaks: `make diff BASE=REF`.

Two parties live by the contract. A caller sends requests and reads responses; a server takes requests and sends
responses. A change breaks a party if what that does by the old contract may be wrong by the new one, or if it may meet
what the old contract kept from it:

| what conforms now is | in a request      | in a response     |
|----------------------|-------------------|-------------------|
| less than before     | breaks the caller | breaks the server |
| more than before     | breaks the server | breaks the caller |

What is new in the API (an operation, a property of an open object) breaks the server alone, which has to learn it. What
is gone from it breaks the caller alone. Words for people and for generators of code (descriptions, examples, sources,
names of classes) break nobody.

The version in `info` has to tell, by Semantic Versioning: a change that breaks callers needs a new major version, one
that breaks servers alone a new minor version, as all additions do. Before 1.0.0 these are minor and patch.
"""
