"""Report what a change of the contract breaks: `make diff BASE=REF`.

The contract has two parties. A caller sends requests and reads responses; a server reads requests and sends responses.
A change breaks a party if something that follows the old contract may violate the new one, or if the party may now
receive something that the old contract ruled out:

| if what conforms is  | in a request      | in a response     |
|----------------------|-------------------|-------------------|
| less than before     | breaks the caller | breaks the server |
| more than before     | breaks the server | breaks the caller |

An addition to the API (an operation, a property of an open object) breaks only the server, which has to support it. A
removal breaks only the caller. Text for people and for code generators (descriptions, examples, sources, names of
classes) breaks nobody.

By Semantic Versioning, a change that breaks callers needs a new major version in `info.version`. A change that breaks
only servers, as every addition does, needs a new minor version. Before 1.0.0 these are minor and patch.
"""
