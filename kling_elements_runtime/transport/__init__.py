"""Send requests and receive answers.

`connections` chooses between our own connections and httpx, and `originals` detects whether a tool has patched httpx or
httpcore. `pool` holds the connections to the gateway, threads wait for one with `semaphore`, and `idle` has those that
are between two requests. `httpcore_internals` reads the private names of httpcore. `sockets` and `tls` read and write,
`steps` applies the deadline of the call to each of these steps, and `dns` resolves names. `bodies` tracks how much of a
request was sent, and limits the size of a response. `route` has the gateway's URL, proxy and certificates, and
`certificates` the usual authorities.
The package itself loads none of its modules, so that you can import one without the others.
"""
