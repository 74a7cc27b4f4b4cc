"""The server with one fixed response accepts requests of any size."""

from __future__ import annotations

import socket
import ssl

import httpx

from tools.bench.experiments import BenchInputs
from tools.bench.processes import (
    answering,
    run_program,
)

_LOAD = {"path": "/", "body": "{}", "connections": 1, "warm_up_seconds": 0.5, "seconds": 5}


def test_the_server_for_clients_reads_bodies_of_any_size(inputs: BenchInputs) -> None:
    """A connection serves several requests, and ends if a body breaks off."""
    authority, key = inputs.certificates
    tls = ssl.create_default_context(cafile=str(authority))
    with answering(str(key)) as port, httpx.Client(verify=tls, trust_env=False) as client:
        for size in (0, 1, 3_000_000):
            response = client.post(f"https://127.0.0.1:{port}", content=bytes(size))
            assert "submitted" == response.json()["data"]["task_status"]
    with answering() as port:
        with socket.create_connection(("127.0.0.1", port)) as breaking_off:
            breaking_off.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort")
            breaking_off.shutdown(socket.SHUT_WR)
            assert b"" == breaking_off.recv(1)
        assert {"responses_per_second"} == set(run_program("tools.bench.load", {**_LOAD, "port": port, "seconds": 0.1}))
