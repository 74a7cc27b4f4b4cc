"""Send requests and receive responses.

- `connections` chooses between our own connections and httpx; `patch_detection` detects whether a tool has patched
  httpx or httpcore.
- `pool` holds the connections to the gateway, `idle` those that wait for the next request. Threads wait for a
  connection with `semaphore`.
- `sockets` and `tls` read and write. `steps` limits each read or write by the deadline of the call, and `dns` resolves
  names.
- `bodies` tracks how much of a request was sent, and limits the size of a response.
- `route` holds the gateway's URL, proxy and certificates; `certificates` loads the usual authorities.
- `httpx_internals` and `httpcore_internals` use the private names of these libraries. No other module does.

The package itself loads none of its modules, so that you can import one without the others.
"""
