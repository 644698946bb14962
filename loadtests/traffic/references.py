"""Finds the answers at rest: before the load each probe is asked twice, all of them one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final, NamedTuple, TypeAlias

from configuration.endpoint import Endpoint
from configuration.scenario import Scenario
from configuration.traffic import Traffic
from loadtests.answers.comparing import ComparisonRules, read_answer
from loadtests.answers.noise import NoiseFloor, measure_noise
from loadtests.answers.parity import (
    AnswerComparison,
    AnswerReference,
    ParityCheck,
    collect_series,
    is_constant,
    list_watched,
)
from loadtests.client.reply import Reply
from loadtests.client.target import Target
from loadtests.payloads.probes import digest_probes, make_probes
from loadtests.payloads.request import Request
from loadtests.payloads.single_requests import SingleRequests
from reports.data.answers import STATUS, ComparedAnswers

References: TypeAlias = Mapping[str, AnswerReference]
"""By the name of the endpoint."""
NO_REFERENCES: Final[References] = {}


@dataclass(frozen=True)
class ProbeSet:
    """The probes of one process, whose checks compare."""

    requests: Mapping[str, Sequence[Request]]
    """By the name of the endpoint."""
    comparisons: Sequence[AnswerComparison]

    def report(self) -> ComparedAnswers | None:
        """What was seen of their answers so far; None where there are no probes."""
        told = [comparison.report() for comparison in self.comparisons]
        return reduce(ComparedAnswers.merge, told) if told else None


def find_references(scenario: Scenario, target: Target) -> tuple[References, ComparedAnswers | None]:
    """Ask the probes of all endpoints with parity at rest: the references, and what is told of them.

    ValueError says which probe was not answered as it ought to be, or that nothing is left to compare.
    """
    found: dict[str, AnswerReference] = {}
    told: list[ComparedAnswers] = []
    for index, endpoint in enumerate(scenario.traffic.all_endpoints):
        if endpoint.parity is not None:
            probes = make_probes(scenario, index, target)
            replies = _ask_twice(probes, endpoint, target, scenario.traffic)
            found[endpoint.name], answers = _make_reference(endpoint, probes, *replies)
            told.append(answers)
    return found, reduce(ComparedAnswers.merge, told) if told else None


def prepare_probes(scenario: Scenario, target: Target, references: References) -> ProbeSet:
    """The probes with their references; ValueError if this process makes others than were asked at rest."""
    requests: dict[str, Sequence[Request]] = {}
    comparisons: list[AnswerComparison] = []
    for index, endpoint in enumerate(scenario.traffic.all_endpoints):
        reference = references.get(endpoint.name)
        if reference is None:
            continue
        probes = make_probes(scenario, index, target)
        if digest_probes(probes) != reference.digest:
            raise ValueError(
                f"the probes of the endpoint {endpoint.name!r} differ from those that were asked at rest; "
                "all machines need the same versions and payload files"
            )
        comparison = AnswerComparison(endpoint.name, reference)
        comparisons.append(comparison)
        requests[endpoint.name] = [
            replace(probe, check=ParityCheck(probe.check, comparison, number))
            for number, probe in enumerate(probes)
        ]
    return ProbeSet(requests, comparisons)


def encode_references(references: References) -> dict[str, Any]:
    """Plain values for a message to a worker."""
    return {
        name: {
            "replies": list(reference.replies),
            "statuses": None if reference.statuses is None else list(reference.statuses),
            "digest": reference.digest,
            "allowed": [[list(place), limit] for place, limit in reference.rules.allowed.items()],
            "varying": [list(place) for place in reference.rules.varying],
        }
        for name, reference in references.items()
    }


def decode_references(data: Mapping[str, Any], scenario: Scenario) -> References:
    """The references that `encode_references` wrote; the scenario states the rest."""
    parity = {endpoint.name: endpoint.parity for endpoint in scenario.traffic.all_endpoints}
    found: dict[str, AnswerReference] = {}
    for name, told in data.items():
        stated = parity[name]
        assert stated is not None
        allowed = {tuple(place): limit for place, limit in told["allowed"]}
        rules = ComparisonRules(stated, allowed, frozenset(map(tuple, told["varying"])))
        statuses = None if told["statuses"] is None else tuple(told["statuses"])
        found[name] = AnswerReference(tuple(told["replies"]), statuses, rules, told["digest"])
    return found


class _Answers(NamedTuple):
    """The replies to all probes, asked once each."""

    statuses: tuple[int, ...]
    bodies: tuple[bytes, ...]


def _ask_twice(
    probes: Sequence[Request], endpoint: Endpoint, target: Target, traffic: Traffic
) -> tuple[_Answers, _Answers]:
    with closing(SingleRequests(traffic, target)) as asked:
        return _ask_all(asked, probes, endpoint), _ask_all(asked, probes, endpoint)


def _ask_all(asked: SingleRequests, probes: Sequence[Request], endpoint: Endpoint) -> _Answers:
    replies = [_ask(asked, probe, endpoint) for probe in probes]
    return _Answers(tuple(reply.status for reply in replies), tuple(bytes(reply.body) for reply in replies))


def _ask(asked: SingleRequests, probe: Request, endpoint: Endpoint) -> Reply:
    reply = asked.send(probe)
    outcome = probe.check.classify(reply)
    if outcome != "ok":
        status = f" (HTTP {reply.status})" if reply.status else ""
        raise ValueError(
            f"the service could not be asked at rest: a probe of the endpoint {endpoint.name!r} "
            f"({probe.origin or 'no record'}) was answered {outcome}{status}; see that it answers "
            "its realistic requests, or leave parity out"
        )
    return reply


def _make_reference(
    endpoint: Endpoint, probes: Sequence[Request], first: _Answers, second: _Answers
) -> tuple[AnswerReference, ComparedAnswers]:
    assert endpoint.parity is not None
    answers, again = ([read_answer(body) for body in bodies] for bodies in (first.bodies, second.bodies))
    try:
        noise = measure_noise(endpoint.parity, answers, again)
    except (ValueError, OverflowError, RecursionError) as error:
        raise ValueError(
            f"the answers of the endpoint {endpoint.name!r} can't be compared: {error}"
        ) from None
    statuses = first.statuses if first.statuses == second.statuses else None
    reference = AnswerReference(first.bodies, statuses, noise.rules, digest_probes(probes))
    watched = list_watched(answers, noise.rules)
    series = tuple(collect_series(endpoint.name, (*answers, *again), watched))
    differing = () if statuses is not None else (f"{STATUS} differed at rest, so it is not compared",)
    notes = (*noise.notes, *differing, *_note_few(endpoint.parity.probes, answers, noise))
    return reference, ComparedAnswers(tuple(f"{endpoint.name}: {note}" for note in notes), series)


def _note_few(asked: int, answers: Sequence[Any], noise: NoiseFloor) -> list[str]:
    """What keeps the probes from telling much."""
    notes = []
    if len(answers) < asked:
        notes.append(f"there are only {len(answers)} distinct requests for {asked} probes")
    if len(answers) > 1 and is_constant(answers, noise.rules):
        notes.append(
            f"all {len(answers)} probes had the same answer at rest, so a constant or swapped answer "
            "can't be seen"
        )
    return notes
