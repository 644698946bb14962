"""Renders the results of the service benchmark as a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.service.goals import judge_goals
from benchmarks.service.picture import write_picture
from benchmarks.service.results import CONNECTIONS, ServiceResults
from benchmarks.service.services import DATAFRAME, PEERS, SUITE
from reports.data.quantities import format_number

FEW_TAIL: Final = 10_000
"""With fewer requests, fewer than ten are above p99.9."""
SETTLED: Final = 0.25
"""The share of a soak after which the memory should be flat."""


def write_page(results: ServiceResults, folder: Path) -> None:
    """Write service.md and service.svg."""
    (folder / "service.md").write_text(render_page(results), encoding="utf-8")
    write_picture(results, compose_title(results), folder / "service.svg")


def compose_title(results: ServiceResults) -> str:
    """State the main result in one sentence."""
    rate = format_number(round(results.capacity(SUITE), -1), 3)
    best, frame = results.least_ratio(PEERS), results.least_ratio([DATAFRAME])
    told = [f"{format_number(best, 2)} × the best peer"] if best else []
    told += [f"{format_number(frame, 2)} × the DataFrame form"] if frame else []
    return f"{rate} predictions a second on a core" + (": " + ", ".join(told) if told else "")


def render_page(results: ServiceResults) -> str:
    """Render the Markdown page."""
    parts = [
        "# What the service answers on one core",
        "![" + compose_title(results) + ".](service.svg)",
        _describe_method(results),
        _render_throughput(results),
        _render_goals(results),
        _describe_one_connection(results),
        _render_latencies(results),
        _describe_batches(results),
        _describe_memory(results),
        _list_absent(results),
        "Measured by `make bench-service`; [service.json](service.json) has all rounds.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_method(results: ServiceResults) -> str:
    facts = results.facts
    return (
        f"All services have the same regression and one core; the load comes from another core. "
        f"{len(results.rounds[SUITE])} rounds: in each round each service is started, its first reply is "
        f"checked against the model, and it warms up. Then wrk keeps 8, then 32 connections busy (closed "
        f"model, no think time) for {facts['window_s']} s each, cycling through the same 512 records; only "
        f"good replies count. The two constant replies come from one process with this service's server, "
        f"middleware and metrics. Ratios are medians over the rounds.\n\n"
        f"{facts['date']}, {facts['machine']}. {facts['versions']}. {facts['load']}"
    ).rstrip()


def _render_throughput(results: ServiceResults) -> str:
    many = " | ".join(f"requests/s, {each} connections | lowest – highest" for each in CONNECTIONS)
    lines = [
        f"| service | {many} | p99 | per CPU-second | core | this service is |",
        "|---|" + "---:|" * (2 * len(CONNECTIONS) + 4),
    ]
    for name in results.names_by_capacity():
        cells = [f"**{name}**: {results.uses[name]}"]
        for connections in CONNECTIONS:
            rates = [each.closed[connections].per_second for each in results.rounds[name]]
            cells += [f"{median(rates):,.0f}", f"{min(rates):,.0f} – {max(rates):,.0f}"]
        busiest = [each.closed[CONNECTIONS[-1]] for each in results.rounds[name]]
        cells += [
            f"{format_number(median(each.p99_ms for each in busiest), 3)} ms",
            f"{median(each.per_cpu_second for each in busiest):,.0f}",
            f"{100 * median(each.busy for each in busiest):.0f} %",
        ]
        ratios = [results.ratio(name, connections) for connections in CONNECTIONS]
        told = " / ".join(f"{format_number(ratio, 3)} ×" for ratio in ratios if ratio is not None)
        cells.append("" if name == SUITE else told)
        lines.append(f"| {' | '.join(cells)} |")
    last = CONNECTIONS[-1]
    lines += [
        "",
        f"With {last} connections: p99, good replies per second of the service's processor time, and the "
        "utilisation of its core (lower where other programs used either core)."
        + _describe_failures(results),
    ]
    return "\n".join(lines)


def _describe_failures(results: ServiceResults) -> str:
    failed = {
        name: sum(closed.failed for each in rounds for closed in each.closed.values())
        for name, rounds in results.rounds.items()
    }
    told = [f"{name} {count:,}" for name, count in failed.items() if count]
    return f" Requests that failed: {', '.join(told)}." if told else ""


def _render_goals(results: ServiceResults) -> str:
    lines = ["## Goals", "", "| goal | measured | | per CPU-second |", "|---|---:|---|---:|"]
    for goal in judge_goals(results):
        per_cpu = "" if goal.per_cpu is None else f"{format_number(goal.per_cpu, 3)} ×"
        if goal.measured is None:
            lines.append(f"| {goal.text} | – | not measured | {per_cpu} |")
        else:
            said = "reached" if goal.reached(goal.measured) else "**missed**"
            lines.append(f"| {goal.text} | {format_number(goal.measured, 3)} × | {said} | {per_cpu} |")
    lines += [
        "",
        "Throughput counts at the number of connections where the ratio is smaller. The last column compares "
        "replies per second of the services' own processor time: other programs on the machine change it "
        "least, and where each service has its core to itself it agrees with the measured column.",
    ]
    return "\n".join(lines)


def _describe_one_connection(results: ServiceResults) -> str:
    found = {name: results.lone_p50_ms(name) for name in results.names_by_capacity()}
    told = [f"{name} {format_number(p50_ms, 3)} ms" for name, p50_ms in found.items() if p50_ms is not None]
    if not told:
        return ""
    return (
        "## One connection\n\nWith one connection no batch fills, so a service should not wait for one. p50, "
        f"measured by wrk: {', '.join(told)}."
    )


def _render_latencies(results: ServiceResults) -> str:
    lines = [
        "## Latency in the open model",
        "",
        f"Poisson arrivals at {results.facts['share']} of the service's throughput with 32 connections in "
        f"the same round, for {results.facts['open_s']} s after a warm-up, sent by this suite; latency "
        "counts from the intended start. Directly after each service the constant reply is measured at the "
        "same rate, on the short way, because the constant route can't answer so many; the ratio to it "
        "excludes the machine and the generator. Medians over the rounds, in ms.",
        "",
        "| service | requests/s | p50 | p99 | p99.9 | p50: × constant | p99: × | p99.9: × |",
        "|---|" + "---:|" * 7,
    ]
    heads = len(lines)
    doubtful, failed = [], []
    for name in results.names_by_capacity():
        opened = [each.opened for each in results.rounds[name] if each.opened]
        latency, ratios = results.latency(name), results.latency_ratio(name)
        if latency is None:
            continue
        rate = f"{median(each.rate for each in opened):,.0f}"
        few = median(each.requests for each in opened) < FEW_TAIL
        shown, multiples = [format_number(value, 3) for value in latency], ["–"] * 3
        if ratios is not None:
            multiples = [format_number(value, 3) for value in ratios]
        if few:
            shown[-1], multiples[-1] = (
                cell if cell == "–" else f"({cell})" for cell in (shown[-1], multiples[-1])
            )
        lines.append(f"| {' | '.join([name, rate, *shown, *multiples])} |")
        pairs = [(each.opened, each.beside) for each in results.rounds[name]]
        unfit = sum(any(one and not one.believed for one in pair) for pair in pairs)
        doubtful += [f"{name} {unfit} of {len(pairs)}"] if unfit else []
        share = results.open_failures(name)
        failed += [f"{name} {format_number(100 * share, 2)} %"] if share else []
    if len(lines) == heads:
        return ""
    lines += [
        "",
        f"In brackets: a p99.9 of fewer than {FEW_TAIL:,} requests, with fewer than ten above it. A dash: "
        "the rate is above the capacity of the constant reply, so there is no latency to compare with.",
    ]
    if failed:
        lines[-1] += f" Requests without a good reply, which no latency here includes: {', '.join(failed)}."
    if doubtful:
        lines[-1] += (
            " Rounds in which the generator found itself unhealthy (late, or without its core): "
            f"{', '.join(doubtful)}; their latencies are higher than those of the service."
        )
    return "\n".join(lines)


def _describe_batches(results: ServiceResults) -> str:
    rows, limit = results.batches.endpoint, results.batches.model
    return (
        f"## Batches\n\nThe batch endpoint answers {format_number(median(rows), 3)} rows/s "
        f"({_format_range(rows)}) in requests of 1,000 rows over {CONNECTIONS[0]} connections. The limit of "
        f"the model, `predict_batch` alone on validated rows, is {format_number(median(limit), 3)} rows/s "
        f"({_format_range(limit)})."
    )


def _format_range(values: Iterable[float]) -> str:
    ordered = sorted(values)
    return f"{format_number(ordered[0], 3)} – {format_number(ordered[-1], 3)}"


def _describe_memory(results: ServiceResults) -> str:
    if not results.soak_mib:
        return ""
    lasted_s = results.soak_mib[-1][0]
    settled = [mib for at_s, mib in results.soak_mib if at_s >= SETTLED * lasted_s]
    return (
        f"## Memory\n\nWith {CONNECTIONS[0]} busy connections for {lasted_s / 60:.0f} minutes the service "
        f"held {settled[0]:.1f} MiB after the first quarter and {settled[-1]:.1f} MiB at the end "
        f"({min(settled):.1f} – {max(settled):.1f} in between)."
    )


def _list_absent(results: ServiceResults) -> str:
    lines = [f"- {name}: {_shorten_reason(reason)}" for name, reason in results.absent.items()]
    return "\n".join(["## Not measured, or not in all rounds", "", *lines]) if lines else ""


def _shorten_reason(reason: str) -> str:
    """Shorten a reason to its place and the last line of the process's output."""
    place, colon, words = reason.partition(": ")
    return f"{place}{colon}{words.rpartition(' / ')[2].strip()}"
