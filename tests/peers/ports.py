"""Free ports of loopback."""

import socket


def free_port() -> int:
    """Return a TCP port on which nothing listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
