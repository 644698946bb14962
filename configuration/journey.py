"""Journeys: requests that a user makes one after the other, each with what earlier replies held.

    login:                                    # once for each user, before anything else
      - name: login
        path: /login
        payload: {fields: {user: {faker: user_name}}}
        take: {token: access_token}
    journeys:
      - name: buying
        weight: 1
        steps:
          - {name: search, method: GET, path: "/items?q=shoe", take: {item: "items[0].id"}}
          - name: buy
            path: /items/{item}/orders
            headers: {Authorization: "Bearer {token}"}
            think: [1s, 3s]                   # before the request; or one duration

Each step is an endpoint of its own in objectives and reports. `take` names values and where a reply holds
them: a path in its JSON, or `header Location`. A reply without them is `invalid_reply`. A journey ends early
when one of its requests fails.

A user's turn is one request to an endpoint or one whole journey. Loads are stated in turns: paced users
begin one a second, and in the open model each arrival is one. Requests after the first step of a journey
follow from the replies, so they are not planned, and neither are logins. In the open model an arrival that
finds all users busy is a new user's: it starts with the login, at its planned time, and goes on when the
login is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from configuration.document import Node
from configuration.endpoint import Endpoint, read_endpoint_keys
from configuration.json_path import parse_json_path
from configuration.readers import read_duration, read_text, read_weight
from configuration.units import write_duration

HEADER = "header "
"""Before the name of a header, where a value is taken from one."""


@dataclass(frozen=True)
class Step:
    """One request of a journey."""

    endpoint: Endpoint
    take: Mapping[str, str] = field(default_factory=dict)
    """Where the reply holds values for later steps: a path in its JSON, or `header <name>`."""
    think_s: tuple[float, float] = (0.0, 0.0)
    """The pause before the request: uniformly between these."""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this step."""
        values = self.endpoint.resolve()
        del values["weight"]
        if self.take:
            values["take"] = dict(self.take)
        if any(self.think_s):
            values["think"] = [write_duration(each) for each in self.think_s]
        return values


@dataclass(frozen=True)
class Journey:
    """Requests that belong together, in order."""

    name: str
    steps: tuple[Step, ...]
    weight: float = 1.0

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this journey."""
        return {"name": self.name, "weight": self.weight, "steps": [step.resolve() for step in self.steps]}


def read_journeys(node: Node, folder: Path) -> tuple[Journey, ...]:
    """The list of journeys; files are looked for in `folder`."""
    return tuple(
        node.read_items(partial(_read_journey, folder=folder), "a list of journeys with name and steps")
    )


def read_steps(node: Node, folder: Path) -> tuple[Step, ...]:
    """A list of steps; files are looked for in `folder`."""
    return tuple(node.read_items(partial(_read_step, folder=folder), "a list of steps with name and path"))


def _read_journey(node: Node, folder: Path) -> Journey:
    with node.read_mapping("a journey with name and steps") as keys:
        name = keys.read("name", read_text)
        steps = keys.read("steps", partial(read_steps, folder=folder))
        weight = keys.read_or("weight", read_weight, 1.0)
    return Journey(name, steps, weight)


def _read_step(node: Node, folder: Path) -> Step:
    with node.read_mapping("a step with name and path") as keys:
        endpoint = read_endpoint_keys(keys, folder)
        keys.refuse("weight", "the steps of a journey are all made; the journey has a weight")
        keys.refuse("parity", "a step depends on the steps before it; parity belongs to endpoints")
        take = keys.read_or("take", _read_take, {})
        think_s = keys.read_or("think", _read_think, (0.0, 0.0))
    return Step(endpoint(), take, think_s)


def _read_take(node: Node) -> dict[str, str]:
    with node.read_mapping(
        "names of values and where the reply holds them, such as {item: 'items[0].id'}"
    ) as keys:
        return {str(name): keys.read(str(name), _read_place) for name in node.value}


def _read_place(node: Node) -> str:
    place = read_text(node)
    if not place.startswith(HEADER):
        try:
            parse_json_path(place)
        except ValueError as error:
            raise node.report_problem(str(error)) from None
    return place


def _read_think(node: Node) -> tuple[float, float]:
    if not isinstance(node.value, list):
        pause_s = read_duration(node)
        return pause_s, pause_s
    if len(node.value) != 2:
        raise node.report_mismatch("a duration, or the shortest and the longest such as [1s, 3s]")
    least_s, most_s = (read_duration(node.get_child(index)) for index in range(2))
    if least_s > most_s:
        raise node.report_problem("the shortest pause comes first")
    return least_s, most_s
