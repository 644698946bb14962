"""The results as a Markdown page and a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from benchmarks.drawing import colour, panel, picture
from benchmarks.service.contenders import DATAFRAME, LIMITS, PEERS, SUITE
from benchmarks.service.results import CONNECTIONS, Results, goals
from reports.data.quantities import number

FEW_TAIL: Final = 10_000
"""Of fewer requests p99.9 rests on fewer than ten."""
SETTLED: Final = 0.25
"""The share of a soak after which memory ought to be flat."""


def write_page(results: Results, folder: Path) -> None:
    """Write service.md and service.svg."""
    (folder / "service.md").write_text(page(results), encoding="utf-8")
    names = _by_rate(results)
    picture(
        folder / "service.svg",
        900,
        150 + 44 * len(names),
        title(results),
        lambda figure: _paint(figure, results, names),
    )


def title(results: Results) -> str:
    """What is seen, in a sentence."""
    rate = number(round(results.capacity(SUITE), -1), 3)
    best, frame = results.least_ratio(PEERS), results.least_ratio([DATAFRAME])
    told = [f"{number(best, 2)} × the best peer"] if best else []
    told += [f"{number(frame, 2)} × the DataFrame form"] if frame else []
    return f"{rate} predictions a second on a core" + (": " + ", ".join(told) if told else "")


def page(results: Results) -> str:
    """The Markdown page."""
    parts = [
        "# What the service answers on one core",
        "![" + title(results) + ".](service.svg)",
        _how(results),
        _rates(results),
        _goals(results),
        _lone(results),
        _latencies(results),
        _batches(results),
        _soak(results),
        _absent(results),
        "Measured by `make bench-service`; all rounds are in [service.json](service.json).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how(results: Results) -> str:
    facts = results.facts
    return (
        f"All services hold the same regression, on one core; the load comes from the other. "
        f"{len(results.rounds[SUITE])} rounds; in each every service is started anew, its first reply is "
        f"checked against the model, and it warms up. Then wrk keeps 8, then 32 connections busy for "
        f"{facts['window_s']} s each, with the same 512 records in turn; only good replies count. The two "
        f"constant replies come from one process with this service's server, middleware and metrics. Ratios "
        f"are medians over the rounds.\n\n"
        f"{facts['date']}, {facts['machine']}. {facts['versions']}. {facts['load']}"
    ).rstrip()


def _rates(results: Results) -> str:
    many = " | ".join(f"requests/s, {each} connections | lowest – highest" for each in CONNECTIONS)
    lines = [
        f"| service | {many} | p99 | per CPU-second | core | this service is |",
        "|---|" + "---:|" * (2 * len(CONNECTIONS) + 4),
    ]
    for name in _by_rate(results):
        cells = [f"**{name}**: {results.uses[name]}"]
        for connections in CONNECTIONS:
            rates = [each.closed[connections].per_second for each in results.rounds[name]]
            cells += [f"{median(rates):,.0f}", f"{min(rates):,.0f} – {max(rates):,.0f}"]
        busiest = [each.closed[CONNECTIONS[-1]] for each in results.rounds[name]]
        cells += [
            f"{number(median(each.p99_ms for each in busiest), 3)} ms",
            f"{median(each.per_cpu_second for each in busiest):,.0f}",
            f"{100 * median(each.busy for each in busiest):.0f} %",
        ]
        ratios = [results.ratio(name, connections) for connections in CONNECTIONS]
        told = " / ".join(f"{number(ratio, 3)} ×" for ratio in ratios if ratio is not None)
        cells.append("" if name == SUITE else told)
        lines.append(f"| {' | '.join(cells)} |")
    last = CONNECTIONS[-1]
    lines += [
        "",
        f"With {last} connections: p99, good replies for each second of processor time that the service's "
        "processes took, and the share of the core that they used (other work on either core takes from it)."
        + _failed(results),
    ]
    return "\n".join(lines)


def _failed(results: Results) -> str:
    failed = {
        name: sum(closed.failed for each in rounds for closed in each.closed.values())
        for name, rounds in results.rounds.items()
    }
    told = [f"{name} {count:,}" for name, count in failed.items() if count]
    return f" Requests that failed: {', '.join(told)}." if told else ""


def _goals(results: Results) -> str:
    lines = ["## Goals", "", "| goal | measured | | per CPU-second |", "|---|---:|---|---:|"]
    for goal in goals(results):
        per_cpu = "" if goal.per_cpu is None else f"{number(goal.per_cpu, 3)} ×"
        if goal.measured is None:
            lines.append(f"| {goal.text} | – | not measured | {per_cpu} |")
        else:
            said = "reached" if goal.reached(goal.measured) else "**missed**"
            lines.append(f"| {goal.text} | {number(goal.measured, 3)} × | {said} | {per_cpu} |")
    lines += [
        "",
        "Rates count at the number of connections where the ratio is smallest. The last column compares "
        "replies for a second of the services' own processor time: what else runs on the machine changes it "
        "least, and where each service has its core to itself it agrees with the measured one.",
    ]
    return "\n".join(lines)


def _lone(results: Results) -> str:
    found = {name: results.lone_p50_ms(name) for name in _by_rate(results)}
    told = [f"{name} {number(p50_ms, 3)} ms" for name, p50_ms in found.items() if p50_ms is not None]
    if not told:
        return ""
    return (
        "## A lone user\n\nNobody waits for company: with one connection, which has the service to itself, "
        f"half of the requests take at most so long (p50, as wrk has it): {', '.join(told)}."
    )


def _latencies(results: Results) -> str:
    lines = [
        "## Latency in the open model",
        "",
        f"Poisson arrivals at {results.facts['share']} of what the service answered with 32 connections in "
        f"that round, {results.facts['open_s']} s after a warm-up, from this suite; latency counts from the "
        "intended start. Beside each, right after, the constant reply at the same rate, on the short way, "
        "because the constant route can't answer so many: the ratio takes out the machine and the generator. "
        "Medians over the rounds, in ms.",
        "",
        "| service | requests/s | p50 | p99 | p99.9 | p50: × constant | p99: × | p99.9: × |",
        "|---|" + "---:|" * 7,
    ]
    heads = len(lines)
    doubtful, failed = [], []
    for name in _by_rate(results):
        opened = [each.opened for each in results.rounds[name] if each.opened]
        latency, ratios = results.latency(name), results.latency_ratio(name)
        if latency is None:
            continue
        rate = f"{median(each.rate for each in opened):,.0f}"
        few = median(each.requests for each in opened) < FEW_TAIL
        shown, multiples = [number(value, 3) for value in latency], ["–"] * 3
        if ratios is not None:
            multiples = [number(value, 3) for value in ratios]
        if few:
            shown[-1], multiples[-1] = (
                cell if cell == "–" else f"({cell})" for cell in (shown[-1], multiples[-1])
            )
        lines.append(f"| {' | '.join([name, rate, *shown, *multiples])} |")
        pairs = [(each.opened, each.beside) for each in results.rounds[name]]
        unfit = sum(any(one and not one.believed for one in pair) for pair in pairs)
        doubtful += [f"{name} {unfit} of {len(pairs)}"] if unfit else []
        share = results.open_failures(name)
        failed += [f"{name} {number(100 * share, 2)} %"] if share else []
    if len(lines) == heads:
        return ""
    lines += [
        "",
        f"In brackets: of fewer than {FEW_TAIL:,} requests, so from fewer than ten. A dash: "
        "the rate is above what the constant reply can be given at, so there is no latency to compare with.",
    ]
    if failed:
        lines[-1] += f" Requests without a good reply, which no latency here tells of: {', '.join(failed)}."
    if doubtful:
        lines[-1] += (
            " Rounds in which the generator, by its own account, was not fit (late or starved of its "
            f"core): {', '.join(doubtful)}; their figures are worse than the service."
        )
    return "\n".join(lines)


def _batches(results: Results) -> str:
    rows, limit = results.batches.endpoint, results.batches.model
    return (
        f"## Batches\n\nThe batch endpoint answers {number(median(rows), 3)} rows/s ({_spread(rows)}) in "
        f"requests of 1,000 rows over {CONNECTIONS[0]} connections; `predict_batch` alone, on rows that are "
        f"ready, gives {number(median(limit), 3)} rows/s ({_spread(limit)}): the model's limit."
    )


def _spread(values: Iterable[float]) -> str:
    ordered = sorted(values)
    return f"{number(ordered[0], 3)} – {number(ordered[-1], 3)}"


def _soak(results: Results) -> str:
    if not results.soak_mib:
        return ""
    lasted_s = results.soak_mib[-1][0]
    settled = [mib for at_s, mib in results.soak_mib if at_s >= SETTLED * lasted_s]
    return (
        f"## Memory\n\nUnder {CONNECTIONS[0]} busy connections for {lasted_s / 60:.0f} minutes the service "
        f"held {settled[0]:.1f} MiB after the first quarter and {settled[-1]:.1f} MiB at the end "
        f"({min(settled):.1f} – {max(settled):.1f} in between)."
    )


def _absent(results: Results) -> str:
    lines = [f"- {name}: {_in_short(reason)}" for name, reason in results.absent.items()]
    return "\n".join(["## Not measured, or not to the end", "", *lines]) if lines else ""


def _in_short(reason: str) -> str:
    """Where it happened, and the last of the words that a process had."""
    place, colon, words = reason.partition(": ")
    return f"{place}{colon}{words.rpartition(' / ')[2].strip()}"


def _by_rate(results: Results) -> list[str]:
    return sorted(results.rounds, key=results.capacity, reverse=True)


def _paint(figure: Figure, results: Results, names: list[str]) -> None:
    axes = panel(figure, left_px=220, right_px=120, top_px=64, bottom_px=62)
    axes.set_xscale("log")
    every = [
        closed.per_second
        for rounds in results.rounds.values()
        for each in rounds
        for closed in each.closed.values()
        if closed.per_second > 0
    ]
    axes.set_xlim(min(every) / 1.3, max(every) * 1.3)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=colour("ink"))
    steps = [power * step for power in (10.0, 100.0, 1e3, 1e4) for step in (1, 2, 5)]
    axes.xaxis.set_major_locator(FixedLocator(steps))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(visible=True, axis="x", color=colour("rule"), linewidth=0.8)
    axes.set_xlabel(
        "good replies a second, 8 connections above, 32 below (logarithmic)",
        color=colour("muted"),
        labelpad=10,
    )
    for place, name in enumerate(names):
        _dots(axes, place, results, name)


def _dots(axes: Axes, place: int, results: Results, name: str) -> None:
    """One dot a round, a stroke at their median, for each number of connections."""
    tint = colour("p95" if name == SUITE else "muted" if name in LIMITS else "users")
    for offset, connections in zip((-0.17, 0.17), CONNECTIONS, strict=True):
        rates = [each.closed[connections].per_second for each in results.rounds[name]]
        at = place + offset
        axes.scatter(rates, [at] * len(rates), s=30, color=tint, alpha=0.55, linewidths=0)
        axes.vlines(median(rates), at - 0.15, at + 0.15, color=tint, linewidth=3)
    axes.annotate(
        number(round(results.capacity(name)), 3),
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(10, 0),
        textcoords="offset pixels",
        va="center",
        fontweight="bold" if name == SUITE else "normal",
    )
