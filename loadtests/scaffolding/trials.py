"""Asks each endpoint of a scenario once or a few times, as the load will, and tells what came."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from configuration.endpoint import Endpoint
from configuration.scenario import Scenario
from loadtests.answers.taking import TakingCheck
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.grpc_client.choice import choose_connection
from loadtests.payloads.request import Request
from loadtests.payloads.request_maker import RequestMaker
from loadtests.payloads.templates import fill_environment
from loadtests.scaffolding.sketch import ScaffoldingError

TRIES: Final = 3
"""Requests of each kind: one record may be lucky, or not."""
MOST_SHOWN: Final = 300


@dataclass(frozen=True)
class Trial:
    """A request that was sent, and what came."""

    request: str
    """Method, path and the beginning of the body; without headers, which may hold credentials."""
    reply: str
    status: int
    outcome: str
    took_ms: float
    problem: str = ""
    """What was looked for in the reply, and what was there; empty if nothing is wrong."""


@dataclass(frozen=True)
class TriedEndpoint:
    """What came of asking an endpoint."""

    trials: Mapping[str, Sequence[Trial]]
    """By kind of payload, in the order of asking."""
    not_tried: str | None = None
    """What has to be given before it can be asked."""
    impossible: str | None = None
    """Why no request can be made of what was written."""

    @property
    def realistic(self) -> Sequence[Trial]:
        """What came of requests that are right."""
        return self.trials.get("realistic", ())


def try_scenario(scenario: Scenario, target: Target) -> tuple[TriedEndpoint | None, dict[str, TriedEndpoint]]:
    """What came of the login, None without one, and of each endpoint by its name.

    ScaffoldingError where nobody answers.
    """
    asker = _Asker(scenario, target)
    login = asker.log_in() if scenario.traffic.login else None
    return login, {each.name: asker.ask(each) for each in scenario.traffic.endpoints}


class _Asker:
    def __init__(self, scenario: Scenario, target: Target) -> None:
        self._scenario = scenario
        self._target = target
        self._connect = choose_connection(scenario.traffic.is_grpc)
        self._values: dict[str, Any] = {}
        self._problem: str | None = None
        self._from_login = {name for step in scenario.traffic.login for name in step.take}

    def log_in(self) -> TriedEndpoint:
        """Make the login's only step, and keep the values that it gives."""
        (step,) = self._scenario.traffic.login
        try:
            request = self._make(step.endpoint, 0).make()
        except ValueError as error:
            self._problem = str(error)
            return TriedEndpoint({}, self._problem)
        reply, took_ms = self._send(request)
        outcome = TakingCheck(request.check, step.take).classify(reply)
        self._values = dict(reply.taken) if outcome == "ok" else {}
        if outcome != "ok":
            self._problem = f"the login is answered with {describe_outcome(outcome, reply.status)}"
        title = f"{step.endpoint.method} {step.endpoint.path}"
        trial = Trial(title, f"{reply.status} (not shown)", reply.status, outcome, took_ms)
        return TriedEndpoint({"realistic": [trial]})

    def ask(self, endpoint: Endpoint) -> TriedEndpoint:
        """Send a few requests of each kind."""
        trials: dict[str, list[Trial]] = {}
        try:
            for name, text in endpoint.headers.items():
                fill_environment(text, os.environ, f"the header {name}")
        except ValueError as error:
            return TriedEndpoint({}, str(error))
        try:
            maker = self._make(endpoint, 1)
            if self._problem is not None and maker.names & self._from_login:
                return TriedEndpoint({}, self._problem)
            for kind in maker.kinds:
                for _ in range(TRIES):
                    trials.setdefault(kind, []).append(self._try(maker.make(kind, self._values)))
        except ValueError as error:
            return TriedEndpoint({}, impossible=str(error))
        return TriedEndpoint(trials)

    def _make(self, endpoint: Endpoint, index: int) -> RequestMaker:
        return RequestMaker(index, endpoint, self._target, self._scenario.seeds["payloads"], 0)

    def _try(self, request: Request) -> Trial:
        reply, took_ms = self._send(request)
        outcome = request.check.classify(reply)
        problem = "" if outcome == "ok" else request.check.explain(reply)
        show = _show_call if self._scenario.traffic.is_grpc else _show_request
        return Trial(show(request), _show_reply(reply), reply.status, outcome, took_ms, problem)

    def _send(self, request: Request) -> tuple[Reply, float]:
        connection = self._connect(self._target)
        started = perf_counter()
        try:
            reply = connection.exchange(request.encoded, self._scenario.traffic.timeout_s)
        finally:
            connection.close()
        if reply.failure == "refused":
            raise ScaffoldingError(
                f"{self._target.url} does not answer: no connection could be opened. Start the service, "
                "or give the URL of one that runs, such as http://127.0.0.1:8000"
            )
        return reply, (perf_counter() - started) * 1000.0


def describe_outcome(outcome: str, status: int) -> str:
    """What came, for messages: a status, or why there is none."""
    return str(status) if status else outcome


def _show_request(request: Request) -> str:
    head, _, body = request.encoded.partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0].decode("latin-1").removesuffix(" HTTP/1.1")
    return f"{line} {_shorten(body)}".strip()


def _show_call(request: Request) -> str:
    """A gRPC call as the request over HTTP that means the same."""
    from loadtests.grpc_client.connection import PREFIX_BYTES  # these need the extra `grpc`
    from loadtests.grpc_client.tensors import decode_request

    message = request.encoded.partition(b"\r\n\r\n")[2][PREFIX_BYTES:]
    return f"gRPC ModelInfer {_shorten(json.dumps(decode_request(message)).encode())}"


def _show_reply(reply: Reply) -> str:
    if reply.failure is not None:
        return reply.failure
    where = reply.find_header("Location")
    moved = f"to {where} " if where else ""
    return f"{reply.status} {moved}{_shorten(bytes(reply.body))}".strip()


def _shorten(body: bytes) -> str:
    """The beginning of a body in printable characters."""
    text = body[:MOST_SHOWN].decode("utf-8", errors="replace")
    shown = "".join(each if each.isprintable() else " " for each in text)
    return shown + ("…" if len(body) > MOST_SHOWN else "")
