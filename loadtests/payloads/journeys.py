"""Journeys ready to be made: requests that are encoded with what earlier replies held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from loadtests.payloads.request import Request


@dataclass(frozen=True)
class JourneyStep:
    """One request of a journey."""

    make_request: Callable[[Mapping[str, Any]], Request]
    """From the values that earlier replies held; the reply to the request holds those for later steps."""
    think_s: tuple[float, float]
    empty: Request
    """Stands for the request where it can't be made."""


@dataclass(frozen=True)
class JourneyPlan:
    """The steps of a journey, in order."""

    steps: tuple[JourneyStep, ...]
    first: Request
    """Stands for the journey where it is not begun: a request to the endpoint of its first step."""


Turn: TypeAlias = Request | JourneyPlan
"""What a user does at a time."""
