"""Formats the comparison as a Markdown page: a table for each load, and an explanation of the differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.comparing.figures import ComparedRun
from loadtests.comparing.forms import EAGER_USERS
from reports.data.quantities import add_unit, format_count, format_number

NOTHING: Final = "–"
RESULT: Final = "comparison.md"


@dataclass(frozen=True)
class FigureRow:
    """A row of the comparison's tables: a figure of each run, beside the limit for it."""

    title: str
    format_figure: Callable[[ComparedRun], str]
    metric: str = ""
    """The metric whose limit is shown, if the scenario has an objective for it."""
    target: str = NOTHING
    """What is shown if it has none."""


def format_batch_comparison(
    steady: Sequence[ComparedRun],
    eager: Sequence[ComparedRun],
    machine: Mapping[str, str],
    day: str,
    time_scale: float,
) -> str:
    """The whole page; it links to the reports of the runs."""
    scaled = "" if time_scale == 1 else f" Stages lasted {format_number(time_scale)} of their time."
    parts = [
        "# Single against batch",
        f"{day}; {', '.join(f'{name} {value}' for name, value in machine.items())}; "
        f"the load generator ran beside the service.{scaled} Each column is a run of its own, judged from "
        "its folder.",
        "## The same users",
        "As many users as `steady` has, one request a second each; for as many rows in batches, a tenth of "
        "them. The throughput stands beside what was planned. Where so little is asked, processor time "
        "holds what it costs the service to be watched: one scrape and one readiness probe a second.",
        format_table(steady, STEADY_ROWS),
        "## As much as each can do",
        f"{EAGER_USERS} users who never pause, under the same objectives.",
        format_table(eager, EAGER_ROWS),
        "## What is amortised",
        *explain_differences(eager),
        "## The runs",
        "\n".join(
            f"- {each.title}: [{each.folder.name}]({each.folder.name}/report.html). {each.verdict.sentence}"
            for each in (*steady, *eager)
        ),
    ]
    return "\n\n".join(parts) + "\n"


def format_table(runs: Sequence[ComparedRun], rows: Sequence[FigureRow]) -> str:
    """A line for each of `rows`; the targets are the first column, then there is one for each run."""
    lines = [
        ["", "target", *(run.title for run in runs)],
        ["---", *(["---:"] * (len(runs) + 1))],
        *(
            [row.title, runs[0].targets.get(row.metric, row.target), *map(row.format_figure, runs)]
            for row in rows
        ),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def explain_differences(eager: Sequence[ComparedRun]) -> tuple[str, ...]:
    """Why the forms differ: the processor time of a request in each form, and the rows' part of it."""
    single, micro, batch = eager
    told = [
        f"A prediction is one row through the model, wrapped in a request: its head is read and routed, its "
        f"body validated, the reply written and counted. {_compare_costs(single, micro, batch)}"
    ]
    told += [
        text for text in (_explain_micro_batching(single, micro, batch), _explain_batch(micro, batch)) if text
    ]
    told.append(
        "Nothing is free. Latency per row is a share on paper: all rows of a batch are answered when the "
        "last of them is, and a client that has one record at a time would have to wait for "
        f"{batch.rows} of them. Micro-batching asks nothing of the client."
    )
    return tuple(told)


def _compare_costs(single: ComparedRun, micro: ComparedRun, batch: ComparedRun) -> str:
    said = []
    for each, words in (
        (single, "the stock service spends {} of processor time on each, one call of the model in a thread"),
        (micro, "the batched service {}"),
        (batch, f"and {{}} on one that carries {batch.rows} rows"),
    ):
        cost_us = each.cpu_us_per_request
        if cost_us is None:
            return ""
        said.append(words.format(add_unit(format_number(cost_us), "µs")))
    return f"When busy, {', '.join(said)}."


def _explain_micro_batching(single: ComparedRun, micro: ComparedRun, batch: ComparedRun) -> str | None:
    """What requests share in a micro-batch, according to the service's `Server-Timing`."""
    if micro.call_ms is None or micro.call_rows is None or batch.call_ms is None:
        return None
    rows = format_count(round(micro.call_rows), "row")
    call_us = format_number(1000 * micro.call_ms)
    row_us = format_number(1000 * micro.call_ms / micro.call_rows)
    gain = _format_ratio(micro.figures.rows_per_s, single.figures.rows_per_s)
    return (
        f"**Micro-batching** shares the call of the model: {rows} in {call_us} µs, {row_us} µs a row. The "
        "request around each row stays. Together with a shorter way through the framework that makes "
        f"{gain} the stock service's rows."
    )


def _explain_batch(micro: ComparedRun, batch: ComparedRun) -> str | None:
    """A request of n rows costs a + n·b, so that a row costs b = (difference to one row) / (n − 1)."""
    one_us, many_us = micro.cpu_us_per_request, batch.cpu_us_per_request
    if one_us is None or many_us is None:
        return None
    row_us = (many_us - one_us) / (batch.rows - 1)
    if not 0 < row_us < one_us:
        return None
    share = format_number(100 * (one_us - row_us) / one_us, 2)
    gain = _format_ratio(batch.figures.rows_per_s, micro.figures.rows_per_s)
    return (
        f"**An explicit batch** shares the request, too. From {format_number(one_us)} µs for one row and "
        f"{format_number(many_us)} µs for {batch.rows} follow {format_number(row_us)} µs for a row "
        f"(validated, predicted, encoded) and {format_number(one_us - row_us)} µs for the request around "
        f"it: {share} % of a single prediction is not the prediction. Shared by {batch.rows} rows, that "
        f"makes {gain} the rows of single requests to the same service."
    )


def _format_ratio(value: float | None, base: float | None) -> str:
    return NOTHING if value is None or not base else f"{format_number(value / base, 2)} times"


def _format_ms(value: float | None) -> str:
    return NOTHING if value is None else add_unit(format_number(value), "ms")


def _format_rate(value: float | None) -> str:
    return NOTHING if value is None else format_number(value)


def _format_planned_rate(run: ComparedRun) -> str:
    observed = _format_rate(run.figures.throughput_rps)
    return observed if run.planned_rps is None else f"{observed} of {format_number(run.planned_rps)}"


def _format_percent(value: float | None) -> str:
    return NOTHING if value is None else add_unit(format_number(100 * value), "%")


def _format_cpu(run: ComparedRun) -> str:
    seconds = run.cpu_s_per_1000_rows
    return NOTHING if seconds is None else add_unit(format_number(1000 * seconds), "ms")


_LATENCY: Final = (
    FigureRow("p50 latency", lambda run: _format_ms(run.figures.p50_ms), "p50 latency"),
    FigureRow("p95 latency", lambda run: _format_ms(run.figures.p95_ms), "p95 latency"),
    FigureRow("p99 latency", lambda run: _format_ms(run.figures.p99_ms), "p99 latency"),
    FigureRow("p50 latency per row", lambda run: _format_ms(run.row_p50_ms)),
)
_FAILURES: Final = (
    FigureRow("error rate", lambda run: _format_percent(run.figures.error_rate), "error rate"),
    FigureRow("503 (refused)", lambda run: f"{run.refused:,}", "status 503"),
    FigureRow("504 (too late)", lambda run: f"{run.late:,}", "status 504"),
    FigureRow("processor time of the service per 1,000 rows", _format_cpu),
    FigureRow("verdict", lambda run: run.verdict.verdict),
)
_ROWS_PER_S: Final = FigureRow("rows/s", lambda run: _format_rate(run.figures.rows_per_s))

STEADY_ROWS: Final = (
    *_LATENCY,
    FigureRow("throughput, requests/s", _format_planned_rate, target="as planned"),
    _ROWS_PER_S,
    *_FAILURES,
)
EAGER_ROWS: Final = (
    _ROWS_PER_S,
    FigureRow("requests/s", lambda run: _format_rate(run.figures.throughput_rps)),
    *_LATENCY,
    *_FAILURES,
)
