"""A server to test against: it holds callers to the contract that ships inside the client, and remembers what they do.

`python -m kling_elements.mock` starts it; `create_app` returns it as an ASGI application for tests without a socket.
"""

from kling_elements.mock.app import create_app

__all__ = ["create_app"]
