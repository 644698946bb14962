"""Sends single requests of a scenario outside its load, as the load sends them."""

from __future__ import annotations

from configuration.traffic import Traffic
from loadtests.client.credentials import CredentialKeeper
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.choice import choose_connection
from loadtests.payloads.request import Request


class SingleRequests:
    """One connection, with the credential of the scenario if it has one.

    ValueError if a connection can't be made this way; CredentialError if there is no credential.
    """

    def __init__(self, traffic: Traffic, target: Target) -> None:
        self.connection = choose_connection(traffic.is_grpc)(target)
        self._timeout_s = traffic.timeout_s
        source = traffic.credentials
        self._credential = None if source is None else CredentialKeeper(source).credential

    def encode(self, request: Request) -> bytes:
        """The bytes that are sent, with the credential."""
        return request.encoded if self._credential is None else self._credential.insert_into(request.encoded)

    def send(self, request: Request) -> Reply:
        """The reply, or how the exchange failed."""
        return self.connection.exchange(self.encode(request), self._timeout_s, request.repeatable)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
