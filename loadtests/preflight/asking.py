"""Sends one request of each endpoint and kind, logins and journeys in order, and looks at the replies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import gevent

from configuration.endpoint import Endpoint
from configuration.journey import Step
from configuration.payload import RecordFile
from configuration.scenario import Scenario
from loadtests.answers.check import Check
from loadtests.answers.taking import TakingCheck
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.payloads.request import Request
from loadtests.payloads.request_maker import RequestMaker
from loadtests.payloads.single_requests import SingleRequests
from loadtests.payloads.templates import MissingValueError
from loadtests.preflight.advice import Adviser
from loadtests.recording.failures import describe_request
from reports.data.failed_requests import FailedRequest
from reports.data.quantities import format_count
from reports.figures.reasons import describe_failure

WORKER: Final = 9_999
"""The requests are those of a worker that no run has, so that no value of a sequence is sent twice."""
PASSING: Final = frozenset(("timeout", "refused", "reset", "shed", "http_5xx"))
"""Outcomes that a service that has just started may give at first."""
TRIES: Final = 3
RETRY_S: Final = 0.3
RETRIES_END_S: Final = 5.0
"""A request that took longer is not repeated."""


class PreflightError(Exception):
    """Requests of the scenario can't succeed; the message tells each of them, and what to do."""


def check_endpoints(scenario: Scenario, target: Target) -> None:
    """Ask each endpoint and kind once, with the client of the load; PreflightError tells all that is wrong.

    An outcome that the scenario expects is right. ValueError says what keeps requests from being made.
    """
    problems = _Preflight(scenario, target).find_problems()
    if problems:
        count = format_count(len(problems), "request")
        raise PreflightError(
            "\n".join(
                [
                    f"nothing was run: {count} to {target.url} failed in the preflight",
                    *problems,
                    "mend the scenario or the service; --no-preflight runs the load all the same",
                ]
            )
        )


def _replays(endpoint: Endpoint) -> bool:
    """Whether the records are those of a file, each once: then another worker would have none."""
    source = None if endpoint.payload is None else endpoint.payload.source
    return isinstance(source, RecordFile) and source.order == "replay"


class _Preflight:
    """One pass over the endpoints of a scenario."""

    def __init__(self, scenario: Scenario, target: Target) -> None:
        self._traffic = scenario.traffic
        self._wanted = frozenset(("ok", *scenario.expected))
        self._asked = SingleRequests(scenario.traffic, target)
        self._logins = [step.endpoint.name for step in scenario.traffic.login]
        self._adviser = Adviser(
            target, None if scenario.traffic.is_grpc else self._asked.connection, self._logins
        )
        journeys = (step for journey in scenario.traffic.journeys for step in journey.steps)
        self._given = {name for step in (*scenario.traffic.login, *journeys) for name in step.take}
        """Names of what replies ought to give."""
        seed = scenario.seeds["payloads"]
        self._makers = {
            endpoint.name: RequestMaker(index, endpoint, target, seed, 0 if _replays(endpoint) else WORKER)
            for index, endpoint in enumerate(self._traffic.all_endpoints)
        }

    def find_problems(self) -> list[str]:
        """The problems, in the order of asking."""
        try:
            return list(self._ask_all())
        finally:
            self._asked.close()

    def _ask_all(self) -> Iterator[str]:
        values: dict[str, Any] = {}
        yield from self._ask_steps(self._traffic.login, values)
        for endpoint in self._traffic.endpoints:
            yield from self._ask(endpoint.name, {}, dict(values))
        for journey in self._traffic.journeys:
            yield from self._ask_steps(journey.steps, dict(values))

    def _ask_steps(self, steps: Sequence[Step], values: dict[str, Any]) -> Iterator[str]:
        """Ask step after step; each adds to `values` what later ones need."""
        for step in steps:
            yield from self._ask(step.endpoint.name, step.take, values)

    def _ask(self, name: str, take: Mapping[str, str], values: dict[str, Any]) -> Iterator[str]:
        """Ask one endpoint with each kind; what a good reply holds is added to `values`."""
        maker = self._makers[name]
        for kind in maker.kinds:
            try:
                request = maker.make(kind, values)
            except MissingValueError as error:
                from_reply = error.name in self._given
                why = f"no reply before it gave {{{error.name}}}" if from_reply else error
                yield f"  {name} was not asked: {why}"
                return
            check: Check = TakingCheck(request.check, take) if take else request.check
            reply, outcome = self._exchange(request, check)
            values |= reply.taken
            if outcome not in self._wanted:
                failed = describe_request(
                    name,
                    kind,
                    request.origin,
                    self._asked.encode(request),
                    reply,
                    outcome,
                    check.explain(reply),
                    secrets=map(str, values.values()),
                    is_login=name in self._logins,
                )
                yield _write_problem(failed, self._adviser.advise(failed, reply))

    def _exchange(self, request: Request, check: Check) -> tuple[Reply, str]:
        """The reply and its outcome; a request is repeated where its failure may pass."""
        began = time.monotonic()
        for _ in range(TRIES):
            reply = self._asked.send(request)
            outcome = check.classify(reply)
            over = time.monotonic() - began > RETRIES_END_S
            if outcome in self._wanted or outcome not in PASSING or over:
                break
            gevent.sleep(RETRY_S)
        return reply, outcome


def _write_problem(failed: FailedRequest, advice: str) -> str:
    answered = f"answered {failed.reply}" if failed.reply else describe_failure(failed.outcome, failed.status)
    lines = [f"{failed.endpoint} ({failed.kind}): {failed.request}", f"  {answered}"]
    if failed.status:
        lines.append(f"  {failed.explanation}")
    if advice:
        lines.append(f"  {advice}")
    return "\n".join(f"  {line}" for line in lines)
