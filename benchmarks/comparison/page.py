"""Formats what was counted as comparison.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_DESIGNS: Final = {"time": "one run with one", "rounds": "5 rounds"}


def format_results(kept: Mapping[str, Any]) -> str:
    """The page; `kept` is what comparison.json holds."""
    return "\n".join([*_format_simulated(kept), *_format_real(kept)]) + "\n"


def _format_simulated(kept: Mapping[str, Any]) -> Iterator[str]:
    rows = kept["simulated"]
    yield "# How often a comparison is wrong, and what it finds"
    yield ""
    yield "Made by `python -m benchmarks.comparison`; the numbers are in comparison.json."
    yield ""
    yield "## Simulated services"
    yield ""
    yield (
        f"Each cell counts {rows[0]['comparisons']} comparisons at the default margin (5 %) and confidence "
        f"(95 %). *One run with one*: {kept['requests']:,} requests each. *5 rounds*: 20 runs of "
        f"{kept['round_requests']:,} requests in turns, on a machine that becomes slower by "
        f"{kept['drift'] * 100:g} % from the first to the last. One request in a thousand fails. AR(1) is "
        "the lag-one correlation of successive logarithms of latency; M/M/1 is a queue with one server."
    )
    yield ""
    yield (
        "*Any worse* is the share of comparisons in which some of the five figures was called worse: without "
        "a delay a false alarm, promised in at most 5 %. The other columns are shares of comparisons in "
        "which the figure was called worse, or proven not worse; what is missing to 100 % stayed undecided. "
        "With a delay of 5 %, which is the margin itself, *not worse* is a false proof, promised in at most "
        "5 %."
    )
    yield ""
    titles = ", not worse | ".join(f"{name}: worse" for name in ("p50", "p95", "p99"))
    yield f"| service | compared | delay | any worse | {titles}, not worse |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for row in rows:
        cells = [
            row["service"],
            _DESIGNS[row["blocks"]],
            f"{row['delay']:.0%}",
            f"{row['any_worse'] / row['comparisons']:.1%}",
            *(
                f"{row[f'{name} latency']['worse']:.0%}, {row[f'{name} latency']['not worse']:.0%}"
                for name in ("p50", "p95", "p99")
            ),
        ]
        yield f"| {' | '.join(cell.replace('%', ' %') for cell in cells)} |"
    yield ""
    yield (
        "Read it as follows: requests that depend on each other tell less, so an equal version is proven "
        "equal less often, and a small delay is found less often; the rate of false alarms stays. Not "
        "covered: a machine that changes between one run and the next (only rounds cover it), a change that "
        "is slower than the runs, and stalls so rare that they hit one run by chance."
    )


def _format_real(kept: Mapping[str, Any]) -> Iterator[str]:
    real = kept.get("real")
    if not real:
        return
    machine = ", ".join(f"{name} {value}" for name, value in kept["machine"].items())
    yield ""
    yield "## Real services"
    yield ""
    yield (
        f"Two processes of a small HTTP service that waits {real['wait_ms']:g} ms before each reply, "
        f"compared by `model-loadtest ab` with {real['rounds']} rounds of runs of {real['run_s']:g} s at "
        f"{real['rate_per_s']:g} requests/s, on a shared machine ({machine}). The candidate waited longer by "
        "the delay."
    )
    yield ""
    yield "| delay | comparisons | worse | not worse | undecided | invalid |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for row in real["rows"]:
        counts = [
            str(row["verdicts"].get(word, 0)) for word in ("worse", "not worse", "undecided", "invalid")
        ]
        yield f"| {row['delay'] * 100:g} % | {sum(row['verdicts'].values())} | {' | '.join(counts)} |"
    yield ""
    yield (
        "So few comparisons don't show a rate: of equal services up to 5 % may be called worse, and a few "
        "dozen comparisons are needed to see whether more are. `--real N` adds to them."
    )
