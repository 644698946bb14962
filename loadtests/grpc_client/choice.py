"""Chooses the connection that requests need; what gRPC needs is imported only then."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from loadtests.client.connection import Connection

INSTALL: Final = "gRPC needs packages that are not installed: pip install 'model-load-tests[grpc]'"


def choose_connection(is_grpc: bool) -> type[Connection]:
    """The class of connections that send requests of HTTP/1.1, or gRPC calls.

    ValueError if what gRPC needs is not installed.
    """
    if not is_grpc:
        return Connection
    require_grpc()
    from loadtests.grpc_client.connection import GrpcConnection

    return GrpcConnection


def require_grpc() -> None:
    """Raise ValueError if what gRPC needs is not installed."""
    if find_spec("h2") is None or find_spec("google") is None or find_spec("google.protobuf") is None:
        raise ValueError(INSTALL)
