"""A mock server for tests. It checks every request against the client's own contract, and remembers what you create.

`python -m kling_elements.mock` starts it; `create_app` returns an ASGI application if your tests need no socket.
"""

from kling_elements.mock.app import create_app

__all__ = ["create_app"]
