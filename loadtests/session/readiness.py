"""Waits for the service of a scenario."""

from __future__ import annotations

from functools import partial

from configuration.scenario import Scenario
from loadtests.client.readiness import PATIENCE_S, wait_until_ready
from loadtests.client.target import Target
from loadtests.grpc_client.choice import require_grpc


def await_service(scenario: Scenario, target: Target, patience_s: float = PATIENCE_S) -> None:
    """Return once the service is ready for the requests of the scenario.

    NoAnswerError after `patience_s` seconds; ValueError if what gRPC needs is not installed.
    """
    if not scenario.traffic.is_grpc:
        wait_until_ready(target, patience_s, paths=scenario.service)
        return
    require_grpc()
    from loadtests.grpc_client.readiness import find_problem

    wait_until_ready(target, patience_s, find_problem=partial(find_problem, target))
