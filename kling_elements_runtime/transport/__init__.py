"""How requests go out and answers come back.

`connections` decides which way a request takes, `originals` sees what tools have replaced, `pool` keeps the connections
to the one gateway, for which threads wait by `turns`; `idle` holds those between two requests, and `httpcore_internals`
reads httpcore's private names. `sockets` and `tls` read and write, `steps` holds each of these steps to the deadline of
the call, and `names` looks names up. `bodies` knows how far a request got and bounds what an answer may cost; `route`
says where to connect to, and `certificates` whom to trust there.
Nothing is loaded with the package itself, so that who needs a small part of it gets that part only.
"""
