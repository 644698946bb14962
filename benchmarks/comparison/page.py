"""Formats what was counted as comparison.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_WORDS: Final = ("worse", "not worse", "undecided", "invalid")
_FIGURES: Final = ("p50", "p95", "p99")


def format_results(kept: Mapping[str, Any]) -> str:
    """The page; `kept` is what comparison.json holds."""
    return "\n".join([*_format_simulated(kept), *_format_disturbed(kept), *_format_real(kept)]) + "\n"


def _format_simulated(kept: Mapping[str, Any]) -> Iterator[str]:
    yield "# How often a comparison is wrong, and what it finds"
    yield ""
    yield "Made by `python -m benchmarks.comparison`; the numbers are in comparison.json."
    rows = kept.get("simulated")
    if not rows:
        return
    yield ""
    yield "## Simulated services"
    yield ""
    yield (
        f"Each cell counts {rows[0]['comparisons']} comparisons at the default margin (5 %) and confidence "
        f"(95 %). *One run with one*: {kept['requests']:,} requests each. *5 rounds*: 20 runs of "
        f"{kept['round_requests']:,} requests in turns, on a machine that becomes slower by 20 % from the "
        "first to the last. One request in a thousand fails. AR(1) is the lag-one correlation of successive "
        "logarithms of latency; M/M/1 is a queue with one server."
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
    yield from _format_table("service", rows)
    yield ""
    yield (
        "Read it as follows: requests that depend on each other tell less, so an equal version is proven "
        "equal less often, and a small delay is found less often; the rate of false alarms stays. Not "
        "covered: a change that is slower than the runs, and stalls so rare that they hit one run by chance."
    )


def _format_disturbed(kept: Mapping[str, Any]) -> Iterator[str]:
    rows = kept.get("disturbed")
    if not rows:
        return
    yield ""
    yield "## Disturbed runs"
    yield ""
    yield (
        f"The same, {rows[0]['comparisons']} comparisons a cell, of a service with independent requests on a "
        "machine that other programs disturb for whole runs. *At random*: each run is slower by a factor "
        "with heavy tails; one in ten by 16 % or more, one in a hundred by 64 %. *In step*: the first and "
        "the last run of each round are slower by 10 %, as if something came as often as the rounds, which "
        f"is the worst that can happen to them. A run of a round has {kept['disturbed_requests']:,} "
        "requests; single runs, and three of them, together have those of five such runs."
    )
    yield ""
    yield from _format_table("disturbed", rows)
    yield ""
    yield (
        "Two single runs can't tell a disturbed run from a slower version, whatever is computed from them: "
        "on such a machine only rounds, or several runs of each, keep their promise. Three rounds decide "
        "nothing: chance alone puts three of three on one side in 12.5 % of comparisons."
    )


def _format_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    titles = ", not worse | ".join(f"{name}: worse" for name in _FIGURES)
    yield f"| {title} | compared | delay | any worse | {titles}, not worse |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for row in rows:
        cells = [
            row["service"],
            row["compared"],
            f"{row['delay']:.0%}",
            f"{row['any_worse'] / row['comparisons']:.1%}",
            *(
                f"{row[f'{name} latency']['worse']:.0%}, {row[f'{name} latency']['not worse']:.0%}"
                for name in _FIGURES
            ),
        ]
        yield f"| {' | '.join(cell.replace('%', ' %') for cell in cells)} |"


def _format_real(kept: Mapping[str, Any]) -> Iterator[str]:
    real = kept.get("real")
    if not real:
        return
    settings, made = real["settings"], real["comparisons"]
    machine = ", ".join(f"{name} {value}" for name, value in real["machine"].items())
    took_s = sorted(each["took_s"] for each in made)
    yield ""
    yield "## Real services"
    yield ""
    yield (
        f"A small HTTP service that waits {settings['wait_ms']:g} ms before each reply, each version "
        f"{settings.get('started', 'started once')}, compared by `model-loadtest ab` with "
        f"{settings['rounds']} rounds of runs of {settings['run_s']:g} s at "
        f"{settings['rate_per_s']:g} requests/s, on a shared machine ({machine}). The candidate waited "
        f"longer by the delay. One took {took_s[len(took_s) // 2]:.0f} s (median)."
    )
    yield ""
    yield "| delay | comparisons | worse | not worse | undecided | invalid | called worse |"
    yield "|---:|---:|---:|---:|---:|---:|---|"
    for delay in sorted({each["delay"] for each in made}):
        those = [each for each in made if each["delay"] == delay]
        found = Counter(each["verdict"] for each in those)
        worse = Counter(
            text for each in those for text, one in each["figures"].items() if one["outcome"] == "worse"
        )
        named = ", ".join(f"{text}: {count}" for text, count in worse.most_common()) or "–"
        counts = " | ".join(str(found[word]) for word in _WORDS)
        yield f"| {delay * 100:g} % | {len(those)} | {counts} | {named} |"
    yield ""
    yield (
        "Of equal services up to 5 % may be called worse; a few dozen comparisons show no rate, only whether "
        "it is far higher. `--real N` adds to them."
    )
