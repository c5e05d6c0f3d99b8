"""Put first on PYTHONPATH as `sitecustomize`: whatever this Python opens a connection to must be on this machine."""

import os
import sys

_LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None)


def _watch(event: str, args: tuple) -> None:  # type: ignore[type-arg]
    address = None
    if event == "socket.connect" or event == "socket.sendto":
        address = args[1]
    elif event == "socket.getaddrinfo":
        address = (args[0],)
    if isinstance(address, tuple):
        host = address[0].decode() if isinstance(address[0], bytes) else address[0]
        if host not in _LOOPBACK:
            with open(os.environ["RAG_OFFLINE_LOG"], "a") as log:
                log.write(f"{event} {host}\n")
            raise OSError(f"no network here: {host}")


sys.addaudithook(_watch)
