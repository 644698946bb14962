"""Makes the probes of an endpoint: the same distinct requests in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from configuration.endpoint import Endpoint
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.payloads.request import Request
from loadtests.payloads.request_maker import RequestMaker
from loadtests.recording.row import KIND_CODES

ATTEMPTS: Final = 20
"""So many requests are made for each probe that is asked for, because some may be equal."""
STREAM: Final = 999_983
"""The random stream of probes, beside those of the workers."""


def make_probes(scenario: Scenario, index: int, target: Target) -> list[Request]:
    """The probes of the endpoint at `index`; fewer than asked for if there are no more distinct requests.

    Equal arguments give equal probes. ValueError says what keeps them from being made.
    """
    endpoint = scenario.traffic.all_endpoints[index]
    assert endpoint.parity is not None
    seed = scenario.seeds["payloads"] * 1_000_003 + STREAM
    maker = RequestMaker(index, endpoint, target, seed, worker=0)
    taken = {name for step in scenario.traffic.login for name in step.take} & maker.names
    if taken:
        raise ValueError(
            f"the probes of the endpoint {endpoint.name!r} need {{{min(taken)}}}, which the login gives to "
            "each user; parity needs requests that are the same for all"
        )
    kind = _choose_kind(endpoint)
    made: dict[bytes, Request] = {}
    for _ in range(ATTEMPTS * endpoint.parity.probes):
        request = maker.make(kind)
        made.setdefault(request.encoded, request)
        if len(made) == endpoint.parity.probes:
            break
    return [replace(request, kind=KIND_CODES["probe"]) for request in made.values()]


def digest_probes(probes: Sequence[Request]) -> str:
    """A text that is equal for equal request lines and bodies; headers may hold secrets and are left out."""
    digest = hashlib.sha256()
    for probe in probes:
        head, _, body = probe.encoded.partition(b"\r\n\r\n")
        digest.update(head.partition(b"\r\n")[0] + b"\n" + body + b"\n")
    return digest.hexdigest()


def _choose_kind(endpoint: Endpoint) -> str | None:
    """The usual kind of record; None where there are no kinds."""
    if endpoint.payload is None:
        return None
    return next(kind for kind in ("realistic", "boundary") if kind in endpoint.payload.kinds)
