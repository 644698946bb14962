"""How many replicas a peak needs, and what each should request, from a measured capacity.

Nothing is assumed to scale by itself: the share of a replica's capacity that each of several together brings
is the efficiency, measured or stated. One replica may be missing (an update, a node that is gone), so there
is one more than the peak needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

CPU_HEADROOM: Final = 1.2
"""A request is what a replica uses at its capacity, and a fifth more for what the mean doesn't show."""
CPU_LIMIT_FACTOR: Final = 2.0
MEMORY_HEADROOM: Final = 1.25
MOST: Final = 1e15
"""Greater rates and prices are mistakes."""
MOST_REPLICAS: Final = 1_000_000_000


@dataclass(frozen=True)
class ReplicaFacts:
    """What one replica was measured to do: `capacity_per_s` is the proven rate, the lower end of the bracket.

    Processor time is in s and cores, memory in bytes; None where it wasn't observed.
    """

    capacity_per_s: float
    cpu_s_per_request: float | None = None
    idle_cores: float = 0.0
    memory_bytes: float | None = None

    def __post_init__(self) -> None:
        if not self.capacity_per_s > 0:
            raise ValueError(f"capacity_per_s is {self.capacity_per_s}: expected a rate above zero")


@dataclass(frozen=True)
class PlanWishes:
    """What is asked for: the peak in requests a second, and how many replicas may be missing at it.

    `headroom` is the share of the capacity that is left free at the peak, `efficiency` the share of a single
    replica's capacity that each of several brings. Prices are for a month, of a core and of a GiB.
    """

    peak_per_s: float
    spare: int = 1
    headroom: float = 0.2
    efficiency: float = 1.0
    price_per_core: float | None = None
    price_per_gib: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.peak_per_s <= MOST:
            raise ValueError(f"peak_per_s is {self.peak_per_s}: expected a rate above zero, {MOST:g} at most")
        if self.spare < 0:
            raise ValueError(f"spare is {self.spare}: expected no number below zero")
        if self.spare > MOST_REPLICAS:
            raise ValueError(f"spare is too large a number: expected {MOST_REPLICAS:,} at most")
        for name, price in (("price_per_core", self.price_per_core), ("price_per_gib", self.price_per_gib)):
            if price is not None and not 0 <= price <= MOST:
                raise ValueError(f"{name} is {price}: expected a price of zero or more, {MOST:g} at most")
        for name, value, most in (("headroom", self.headroom, 0.9), ("efficiency", self.efficiency, 1.0)):
            if not 0 <= value <= most or (name == "efficiency" and value == 0):
                raise ValueError(f"{name} is {value}: expected a share up to {most}")


@dataclass(frozen=True)
class ReplicaPlan:
    """The replicas and their requests, in cores, bytes and percent; None where nothing was observed."""

    needed: int
    """Replicas that carry the peak with its headroom."""
    replicas: int
    """Those, and the spare ones."""
    load_per_s: float
    """Requests a second to each at the peak, when all are there."""
    load_missing_per_s: float
    """The same while the spare ones are missing."""
    cpu_request_cores: float | None
    cpu_limit_cores: float | None
    memory_request_bytes: float | None
    memory_limit_bytes: float | None
    target_percent: int | None
    """Of the CPU request: at this use a replica is asked for what it carries with its headroom."""
    cost: float | None
    """A month, of all replicas' requests; None without prices, or without a request for one of them."""
    assumptions: tuple[str, ...]


def plan_replicas(facts: ReplicaFacts, wishes: PlanWishes) -> ReplicaPlan:
    """The smallest number of replicas that carries the peak, and the requests that fit.

    ValueError if that is more than `MOST_REPLICAS`.
    """
    useful_per_s = facts.capacity_per_s * wishes.efficiency * (1 - wishes.headroom)
    if wishes.peak_per_s > MOST_REPLICAS * useful_per_s:
        raise ValueError(
            f"a peak of {wishes.peak_per_s:g}/s takes more than {MOST_REPLICAS:,} replicas that carry "
            f"{useful_per_s:g}/s each: check the peak, the capacity and the efficiency"
        )
    needed = max(1, math.ceil(wishes.peak_per_s / useful_per_s - 1e-9))
    replicas = needed + wishes.spare
    request = limit = None
    target = None
    if facts.cpu_s_per_request is not None:
        full = facts.idle_cores + facts.capacity_per_s * wishes.efficiency * facts.cpu_s_per_request
        useful = facts.idle_cores + useful_per_s * facts.cpu_s_per_request
        request = _round_up(full * CPU_HEADROOM, 0.01)
        limit = _round_up(request * CPU_LIMIT_FACTOR, 0.01)
        target = max(1, math.floor(100 * useful / request))
    memory = None if facts.memory_bytes is None else _round_up(facts.memory_bytes * MEMORY_HEADROOM, 2**20)
    return ReplicaPlan(
        needed=needed,
        replicas=replicas,
        load_per_s=wishes.peak_per_s / replicas,
        load_missing_per_s=wishes.peak_per_s / needed,
        cpu_request_cores=request,
        cpu_limit_cores=limit,
        memory_request_bytes=memory,
        memory_limit_bytes=None if memory is None else _round_up(memory * MEMORY_HEADROOM, 2**20),
        target_percent=target,
        cost=_compute_cost(wishes, replicas, request, memory),
        assumptions=tuple(_list_assumptions(facts, wishes)),
    )


def _compute_cost(
    wishes: PlanWishes, replicas: int, cores: float | None, memory_bytes: float | None
) -> float | None:
    gib = None if memory_bytes is None else memory_bytes / 2**30
    cost = 0.0
    prices = [(wishes.price_per_core, cores), (wishes.price_per_gib, gib)]
    stated = [(price, amount) for price, amount in prices if price is not None]
    for price, amount in stated:
        if amount is None:
            return None
        cost += replicas * price * amount
    return cost if stated else None


def _list_assumptions(facts: ReplicaFacts, wishes: PlanWishes) -> list[str]:
    told = [
        f"{wishes.headroom:.0%} of each replica's capacity is left free at the peak",
        f"{wishes.spare} of the replicas may be missing at the peak",
        "requests are spread evenly over the replicas",
        "a replica there has processors as fast as those on which the capacity was measured",
    ]
    if wishes.efficiency == 1:
        told.append("each of several replicas brings as much as one alone: nothing that they share is full")
    else:
        told.append(f"of several replicas each brings {wishes.efficiency:.0%} of what one alone does")
    if facts.cpu_s_per_request is None:
        told.append("the processor time of the service was not observed, so no CPU request follows")
    if facts.memory_bytes is None:
        told.append("the memory of the service was not observed, so no memory request follows")
    return told


def _round_up(value: float, step: float) -> float:
    return math.ceil(value / step - 1e-9) * step
