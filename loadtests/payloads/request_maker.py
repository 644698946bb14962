"""Makes the encoded requests to one endpoint."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from faker import Faker

from configuration.endpoint import Endpoint
from configuration.payload import RecordFile
from configuration.reply_fields import EchoRule
from loadtests.answers.check import Check, ReplyCheck, build_check
from loadtests.answers.content import EchoCounter
from loadtests.answers.json_schema import SchemaError
from loadtests.answers.schema_check import SchemaCheck
from loadtests.client.target import Target
from loadtests.grpc_client.choice import require_grpc
from loadtests.payloads.bodies import JSON, NO_VALUES, Body, BodyMaker
from loadtests.payloads.echoes import fill_echoes
from loadtests.payloads.field_values import make_draw
from loadtests.payloads.records import HELD_RECORDS
from loadtests.payloads.request import Request
from loadtests.payloads.request_stream import RequestStream
from loadtests.payloads.templates import fill_environment, fill_path, fill_text, list_names
from loadtests.recording.row import KIND_CODES

IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


class RequestMaker:
    """Makes the requests to one endpoint, each of a kind drawn by weight."""

    def __init__(
        self,
        index: int,
        endpoint: Endpoint,
        target: Target,
        seed: int,
        worker: int,
        workers: int = 1,
        held: int = HELD_RECORDS,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._index = index
        self._endpoint = endpoint
        self._target = target
        self._chance = random.Random(seed + index)  # noqa: S311
        self._bodies = BodyMaker(endpoint.payload, seed + index, worker, workers, held)
        self._stream: RequestStream | None = None
        if endpoint.grpc is not None:
            require_grpc()
        self.schema = self._compile_schema()
        """What replies are held to, if a JSON schema was given."""
        rules = [each for each in endpoint.reply.fields.values() if isinstance(each.rule, EchoRule)]
        is_optional = bool(rules) and all(each.optional for each in rules)
        self.echo_counter = EchoCounter(endpoint.name) if is_optional else None
        """Counts replies with an echo, where all echoes are optional."""
        self._check = cache(partial(build_check, endpoint.reply, endpoint.expect, schema=self.schema))
        fake = Faker("en_US")
        fake.seed_instance(seed + index)
        self._draws = {name: make_draw(each, fake, worker) for name, each in endpoint.values.items()}
        self._headers = {
            name: fill_environment(text, environment, f"the header {name} of the endpoint {endpoint.name!r}")
            for name, text in endpoint.headers.items()
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of requests that are made."""
        return tuple(self._bodies.weights)

    @property
    def names(self) -> set[str]:
        """The names of the placeholders in path, headers, template, and in what a reply must repeat."""
        endpoint = self._endpoint
        template = None if endpoint.payload is None else endpoint.payload.template
        echoes = list(endpoint.reply.echoes.values())
        return set(list_names([endpoint.path, list(self._headers.values()), template, echoes]))

    def make_empty(self) -> Request:
        """Stands for a request to the endpoint that is not made."""
        kind = KIND_CODES[self.kinds[0]]
        check = self._check(self.kinds[0], None)
        return Request(self._endpoint.name, self._endpoint.method, self._index, kind, None, b"", check)

    def make_turn(self) -> Request | RequestStream:
        """The next request; or, where a file is read while the load goes on, the stream to take it from."""
        kind = self._draw_kind()
        records = self._bodies.stream
        if records is None or kind != "realistic":
            return self.make(kind)
        if self._stream is None:
            payload = self._endpoint.payload
            assert payload is not None
            assert isinstance(payload.source, RecordFile)
            is_replay = payload.source.order == "replay"
            self._stream = RequestStream(
                self._endpoint.name, partial(self.make, kind), records.total if is_replay else None
            )
        return self._stream

    def _draw_kind(self) -> str:
        weights = self._bodies.weights
        return self._chance.choices(tuple(weights), tuple(weights.values()))[0]

    def make(self, kind: str | None = None, values: Mapping[str, Any] = NO_VALUES) -> Request:
        """The next request, of one kind or of one drawn by weight; `values` are those that replies gave."""
        kind = kind or self._draw_kind()
        body = self._make_body(kind, values)
        named = {name: draw() for name, draw in self._draws.items()} | dict(values)
        check = self._check(kind, body.rows)
        if self._endpoint.reply.echoes:
            check = check.with_echoes(
                fill_echoes(self._endpoint, kind, body.records, named), self.echo_counter
            )
        return Request(
            name=self._endpoint.name,
            method=self._endpoint.method,
            endpoint=self._index,
            kind=KIND_CODES[kind],
            rows=body.rows,
            encoded=self._encode(body, named),
            check=self._wrap(check),
            repeatable=self._endpoint.method in IDEMPOTENT,
            origin=body.origin,
        )

    def _compile_schema(self) -> SchemaCheck | None:
        expected = self._endpoint.reply
        if expected.schema is None:
            return None
        try:
            return SchemaCheck(expected.schema, expected.schema_rate)
        except SchemaError as error:
            raise SchemaError(f"the endpoint {self._endpoint.name!r}, reply.schema: {error}") from None

    def _make_body(self, kind: str, values: Mapping[str, Any]) -> Body:
        make = partial(self._bodies.make, kind, values)
        if self._endpoint.grpc is None:
            return make()
        from loadtests.payloads.calls import make_call  # the packages for gRPC are optional

        return make_call(self._endpoint.grpc, make)

    def _wrap(self, check: ReplyCheck) -> Check:
        if self._endpoint.grpc is None:
            return check
        from loadtests.answers.decoding import DecodingCheck  # the packages for gRPC are optional

        return DecodingCheck(check)

    def _encode(self, body: Body, named: Mapping[str, Any]) -> bytes:
        values = {**body.values, **named}
        headers = {"Accept": JSON}
        if body.content_type is not None:
            headers["Content-Type"] = body.content_type
        headers |= {name: fill_text(text, values) for name, text in self._headers.items()}
        head = self._target.encode_head(
            self._endpoint.method, fill_path(self._endpoint.path, values), headers
        )
        if body.content_type is None and self._endpoint.method not in _FRAMED:
            return b"%b\r\n" % head
        return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body.content), body.content)


_FRAMED: Final = ("POST", "PUT", "PATCH")
"""Methods whose requests state their length even where they have no body (RFC 9110, 8.6)."""
