"""The series of samples that Prometheus answers a query with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class PrometheusError(Exception):
    """Why Prometheus can't answer, in a sentence that says what to do."""


@dataclass(frozen=True)
class ScrapedSeries:
    """The scraped samples of one series: `values[i]` at `t_s[i]`, in seconds since 1970, in rising order."""

    name: str
    labels: Mapping[str, str]
    t_s: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def instance(self) -> str:
        """The replica that was scraped."""
        return self.labels.get("instance", "")


@dataclass(frozen=True)
class TimeRange:
    """From `start_s` to `end_s`, in seconds since 1970; without them it holds all that was fetched."""

    start_s: float = -math.inf
    end_s: float = math.inf

    @property
    def length_s(self) -> float:
        """The time between both ends."""
        return self.end_s - self.start_s


def parse_series(answer: Mapping[str, Any]) -> list[ScrapedSeries]:
    """The series in the answer to a query for a range vector; PrometheusError if the answer holds none."""
    try:
        return [
            ScrapedSeries(
                each["metric"].get("__name__", ""),
                each["metric"],
                tuple(float(at_s) for at_s, _ in each["values"]),
                tuple(float(value) for _, value in each["values"]),
            )
            for each in answer["data"]["result"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise PrometheusError("The answer holds no samples as Prometheus sends them.") from None
