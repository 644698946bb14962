"""The rows of docs/faults.md: each fault test states its own, and says what came of the fault."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["pass", "fail", "invalid", "none"]
EXIT_CODES: dict[Verdict, int] = {"pass": 0, "fail": 1, "invalid": 3}
"""`none`: nothing was judged; any other exit code."""


@dataclass(frozen=True)
class GeneratorRow:
    """A fault that a load test met. `sent`: requests it recorded; `seen`: those that reached the target."""

    fault: str
    recorded: str
    verdict: Verdict
    exit_code: int
    sent: int | None
    seen: int | None
    in_flight: int

    @property
    def lost(self) -> int:
        """Requests that the target saw and nobody recorded, beyond those in flight at the end."""
        if self.sent is None or self.seen is None:
            return 0
        return max(0, self.seen - self.sent - self.in_flight)


@dataclass(frozen=True)
class ServiceRow:
    """A fault that the service met. `lost`: requests that it took and left without a reply."""

    fault: str
    happened: str
    lost: int


@dataclass
class Ledger:
    """What one test states of its faults."""

    rows: list[GeneratorRow | ServiceRow] = field(default_factory=list)

    def generator(
        self,
        *,
        fault: str,
        recorded: str,
        verdict: Verdict,
        exit_code: int,
        sent: int | None = None,
        seen: int | None = None,
        in_flight: int = 0,
    ) -> None:
        """State what a load test made of a fault: verdict and exit code agree, and no request is missing.

        `in_flight`: how many requests may have reached the target without a row, because the run ended first.
        """
        row = GeneratorRow(fault, recorded, verdict, exit_code, sent, seen, in_flight)
        agree = exit_code == EXIT_CODES[verdict] if verdict != "none" else exit_code not in (0, 1, 3)
        assert agree, f"the verdict was {verdict}, the exit code {exit_code}"
        assert row.lost == 0, f"{row.seen} requests were seen, {row.sent} recorded, {in_flight} in flight"
        self.rows.append(row)

    def add_run(
        self, run: Any, *, fault: str, recorded: str, seen: int | None = None, in_flight: int = 0
    ) -> None:
        """State the same of a load test that was judged: a `LoadTest` of conftest.py."""
        self.generator(
            fault=fault,
            recorded=recorded,
            verdict=run.verdict["verdict"],
            exit_code=run.code,
            sent=len(run.rows),
            seen=seen,
            in_flight=in_flight,
        )

    def service(self, *, fault: str, happened: str, lost: int = 0) -> None:
        """State what the service made of a fault."""
        self.rows.append(ServiceRow(fault, happened, lost))


@dataclass(frozen=True)
class Trial:
    """A fault test that was run, and what it stated."""

    test: str
    """Its file and its name, `test_x.py::test_y[z]`."""
    outcome: Literal["passed", "failed", "skipped"]
    reason: str = ""
    """Why it was skipped."""
    rows: tuple[GeneratorRow | ServiceRow, ...] = ()


def write_row(row: GeneratorRow | ServiceRow) -> dict[str, Any]:
    """Turn a row into values that JSON has."""
    return {"kind": type(row).__name__, **vars(row)}


def read_row(values: dict[str, Any]) -> GeneratorRow | ServiceRow:
    """Turn them back into a row."""
    kinds = {kind.__name__: kind for kind in (GeneratorRow, ServiceRow)}
    return kinds[values["kind"]](**{name: value for name, value in values.items() if name != "kind"})


def read_trial(values: dict[str, Any]) -> Trial:
    """Read a line of the file that `pytest tests/faults --fault-rows FILE` writes."""
    return Trial(values["test"], values["outcome"], values["reason"], tuple(map(read_row, values["rows"])))
