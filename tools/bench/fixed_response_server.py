"""Send the same response to every request, at almost no cost, so that only the client's cost is measured.

The first line of the output contains the server's URL. If you pass the path of a file with a key and certificates, it
uses TLS.
"""

from __future__ import annotations

import json
import signal
import socketserver
import ssl
import sys
from collections.abc import Sequence

RESPONSE = json.dumps(
    {
        "code": 0,
        "message": "SUCCEED",
        "request_id": "bench",
        "data": {"task_id": "1", "task_status": "submitted", "created_at": 1722769557708, "updated_at": 1722769557708},
    }
).encode()
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(RESPONSE),
    RESPONSE,
)
_CHUNK_BYTES = 1024 * 1024


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        chunk = memoryview(bytearray(_CHUNK_BYTES))
        while (length := self._read_head()) is not None:
            while length:
                received = self.rfile.readinto(chunk[: min(length, _CHUNK_BYTES)])
                if not received:
                    return
                length -= received
            self.wfile.write(_RESPONSE)

    def _read_head(self) -> int | None:
        """Return the body's length in bytes, or None if no further request comes."""
        length = 0
        if not self.rfile.readline():
            return None
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return length


class _FixedResponseServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: socketserver._RequestType, client_address: object) -> None:
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)  # type: ignore[arg-type] # TCP, so it is a socket
        super().finish_request(request, client_address)


def main(arguments: Sequence[str]) -> None:
    """Serve until terminated."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with _FixedResponseServer(("127.0.0.1", 0), _Handler) as server:
        if arguments:
            server.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.tls.load_cert_chain(arguments[0])
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
