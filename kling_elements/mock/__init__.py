"""A server to test against: it reads the contract that ships inside the generated client and holds callers to it.

`python -m kling_elements.mock` starts it; `create_app` returns it as an ASGI application for tests without a socket.
"""

from kling_elements.mock.app import create_app

__all__ = ["create_app"]
