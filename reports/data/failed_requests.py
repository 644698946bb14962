"""The first failed requests of each reason, kept with a run to tell why they failed: failures.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from reports.data.json_values import read_record


@dataclass(frozen=True)
class FailedRequest:
    """One request that failed, its reply, and what was looked for; credentials are taken out."""

    endpoint: str
    kind: str
    """One of `reports.data.samples.KINDS`."""
    outcome: str
    """One of `reports.data.samples.OUTCOMES`."""
    status: int
    """The HTTP status; 0 where no status line arrived."""
    method: str
    path: str
    origin: str = ""
    """Where what it carried comes from: 'line 12 of mine.jsonl'."""
    at_s: float = 0.0
    """When it was meant to start, in seconds since the run's start."""
    headers: tuple[tuple[str, str], ...] = ()
    """The headers of the reply that tell something of the failure."""
    body: str = ""
    """How the reply's body begins; control characters are escaped."""
    explanation: str = ""
    """What was looked for and what was there: 'expected a 2xx status, got 404'."""

    @property
    def request(self) -> str:
        """`POST /predict, line 12 of mine.jsonl`."""
        return ", ".join(filter(None, (f"{self.method} {self.path}", self.origin)))

    @property
    def reply(self) -> str:
        """`404, content-type: text/html: <h1>Not Found</h1>`; empty where none came."""
        if not self.status:
            return ""
        told = ", ".join([str(self.status), *(f"{name}: {value}" for name, value in self.headers)])
        return f"{told}: {self.body}" if self.body else told

    @property
    def sentence(self) -> str:
        """`POST /predict, record 12: expected a 2xx status, got 404; 404, content-type: text/html: …`.

        The reply comes last, because it is the longest and may be cut off.
        """
        if not self.status:
            return self.request
        explanation = f"{self.explanation}; " if self.explanation else ""
        return f"{self.request}: {explanation}{self.reply}"

    def to_json(self) -> dict[str, Any]:
        """A plain mapping for failures.json."""
        return {**asdict(self), "headers": [list(each) for each in self.headers]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FailedRequest:
        """The request of such a mapping; unknown keys, as of a newer version, are ignored."""
        request: FailedRequest = read_record(cls, values)
        return request


@dataclass(frozen=True)
class FailedRequests:
    """The kept requests of a run, in order of time."""

    kept: tuple[FailedRequest, ...] = ()
    reasons_left_out: int = 0
    """How many more reasons there were, at least, of which no request is kept."""

    def select(self, outcome: str, status: int) -> tuple[FailedRequest, ...]:
        """Those of one reason."""
        return tuple(each for each in self.kept if (each.outcome, each.status) == (outcome, status))

    def to_json(self) -> dict[str, Any]:
        """What failures.json holds."""
        return {
            "requests": [each.to_json() for each in self.kept],
            "reasons_left_out": self.reasons_left_out,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FailedRequests:
        """The kept requests of a failures.json; ValueError with the place of what doesn't fit."""
        found: _FailuresFile = read_record(_FailuresFile, values)
        kept = sorted(found.requests, key=lambda each: each.at_s)
        return cls(tuple(kept), found.reasons_left_out)


@dataclass(frozen=True)
class _FailuresFile:
    requests: tuple[FailedRequest, ...] = ()
    reasons_left_out: int = 0


NO_FAILED_REQUESTS: Final = FailedRequests()
