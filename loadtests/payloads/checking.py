"""Finds before a run what keeps its replies from being checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from configuration.endpoint import Endpoint
from configuration.errors import ConfigurationError
from configuration.scenario import Scenario
from loadtests.client.target import Target
from loadtests.payloads.request_maker import RequestMaker
from loadtests.payloads.templates import MissingVariableError, list_variables

_ANYWHERE: Final = Target("127.0.0.1", 80, tls=False, prefix="")


def check_replies(scenario: Scenario) -> None:
    """Raise ConfigurationError unless each schema of replies is one, and each echo is of something sent.

    One request of each kind is made where a reply must repeat something. What a login or an earlier step
    takes from a reply is not known before the run, so an echo of it is not looked at.
    """
    traffic = scenario.traffic
    steps = (*traffic.login, *(step for journey in traffic.journeys for step in journey.steps))
    taken = {name for step in steps for name in step.take}
    for index, endpoint in enumerate(traffic.all_endpoints):
        if endpoint.reply.schema is not None or endpoint.reply.echoes:
            try:
                maker = RequestMaker(index, endpoint, _ANYWHERE, 0, 0, environment=_name_variables(endpoint))
                if endpoint.reply.echoes and taken.isdisjoint(maker.names):
                    for kind in maker.kinds:
                        maker.make(kind)
            except MissingVariableError:  # a check needs no secret
                continue
            except ValueError as error:
                raise ConfigurationError(str(error)) from None


def _name_variables(endpoint: Endpoint) -> Mapping[str, str]:
    """A value for each environment variable that headers name: a check needs no secret."""
    return {name: "any" for text in endpoint.headers.values() for name in list_variables(text)}
