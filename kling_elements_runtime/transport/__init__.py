"""How requests go out and answers come back.

`connections` decides which way a request takes, `originals` sees what tools have replaced, `pool` keeps the connections
to the one gateway, `sockets` holds each read and write to the deadline of the call, `names` looks names up, `bodies`
knows how far a request got and bounds what an answer may cost, `route` says where to connect to.
"""

from kling_elements_runtime.transport.connections import SENT, AsyncConnections, Connections
from kling_elements_runtime.transport.route import Route

__all__ = ["SENT", "AsyncConnections", "Connections", "Route"]
