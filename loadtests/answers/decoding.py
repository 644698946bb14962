"""Checks a reply over gRPC as if it had come over HTTP: its message is decoded first."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.answers.check import Check
from loadtests.client.reply import Reply
from loadtests.grpc_client.tensors import encode_json


@dataclass(frozen=True, slots=True)
class DecodingCheck:
    """A check of the JSON form of the reply's message."""

    check: Check

    def classify(self, reply: Reply) -> str:
        """The outcome, one of `reports.data.samples.OUTCOMES`, of a reply or of its absence."""
        if reply.failure is None and reply.status == 200:
            try:
                reply.body = encode_json(bytes(reply.body))
            except ValueError:
                return "invalid_reply"
        return self.check.classify(reply)

    def explain(self, reply: Reply) -> str:
        """What was looked for and what was there, in words, once the reply has been classified."""
        is_decoded = reply.body.startswith(b"{")  # which no message starts with
        if reply.failure is None and reply.status == 200 and not is_decoded:
            return f"expected a ModelInferResponse, got {len(reply.body):,} bytes that are none"
        return self.check.explain(reply)
