"""The comparison as a Markdown page: a table a load, and what is amortised, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from loadtests.comparing.figures import Column
from loadtests.comparing.forms import EAGER_USERS
from reports.data.quantities import counted, number, with_unit

NOTHING: Final = "–"
PLANNED: Final = "as planned"
RESULT: Final = "comparison.md"

Row: TypeAlias = tuple[str, str, Callable[[Column], str]]
"""What it tells, the metric whose target stands beside it (or `PLANNED`), and its cell in a column."""


def page(
    steady: Sequence[Column], eager: Sequence[Column], machine: Mapping[str, str], day: str, time_scale: float
) -> str:
    """The whole page; figures are those of the runs whose folders it names."""
    scaled = "" if time_scale == 1 else f" Stages lasted {number(time_scale)} of their time."
    parts = [
        "# Single against batch",
        f"{day}; {', '.join(f'{name} {value}' for name, value in machine.items())}; "
        f"the load generator ran beside the service.{scaled} Each column is a run of its own, judged from "
        "its folder.",
        "## The same users",
        "As many users as `steady` has, one request a second each; for as many rows in batches, a tenth of "
        "them. The throughput stands beside what was planned. Where so little is asked, processor time "
        "holds what it costs the service to be watched: one scrape and one readiness probe a second.",
        table(steady, _STEADY),
        "## As much as each can do",
        f"{EAGER_USERS} users who never pause, under the same objectives.",
        table(eager, _EAGER),
        "## What is amortised",
        *reasons(eager),
        "## The runs",
        "\n".join(
            f"- {each.title}: [{each.folder.name}]({each.folder.name}/report.html). {each.verdict.sentence}"
            for each in (*steady, *eager)
        ),
    ]
    return "\n\n".join(parts) + "\n"


def table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """A line for each of `rows`, a column a run, the target of all of them first."""
    heads = ["", "target", *(each.title for each in columns)]
    lines = [heads, ["---", *(["---:"] * (len(columns) + 1))]]
    for name, metric, cell in rows:
        target = columns[0].targets.get(metric, metric if metric == PLANNED else NOTHING)
        lines.append([name, target, *(cell(each) for each in columns)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def reasons(eager: Sequence[Column]) -> tuple[str, ...]:
    """Why the forms differ: what a request costs the service in each, and what of it is the row's own."""
    single, micro, batch = eager
    told = [
        f"A prediction is one row through the model, wrapped in a request: its head is read and routed, its "
        f"body validated, the reply written and counted. {_costs(single, micro, batch)}"
    ]
    told += [text for text in (_calls(single, micro, batch), _split(micro, batch)) if text]
    told.append(
        "Nothing is free. Latency per row is a share on paper: all rows of a batch are answered when the "
        "last of them is, and a client that has one record at a time would have to wait for "
        f"{batch.rows} of them. Micro-batching asks nothing of the client."
    )
    return tuple(told)


def _costs(single: Column, micro: Column, batch: Column) -> str:
    said = []
    for each, words in (
        (single, "the stock service spends {} of processor time on each, one call of the model in a thread"),
        (micro, "the batched service {}"),
        (batch, f"and {{}} on one that carries {batch.rows} rows"),
    ):
        cost_us = each.cpu_us_per_request
        if cost_us is None:
            return ""
        said.append(words.format(with_unit(number(cost_us), "µs")))
    return f"When busy, {', '.join(said)}."


def _calls(single: Column, micro: Column, batch: Column) -> str | None:
    """What micro-batching shares, by the service's own `Server-Timing`."""
    if micro.call_ms is None or micro.call_rows is None or batch.call_ms is None:
        return None
    rows = counted(round(micro.call_rows), "row")
    gain = _ratio(micro.figures.rows_per_s, single.figures.rows_per_s)
    return (
        f"**Micro-batching** shares the call of the model: {rows} in {number(1000 * micro.call_ms)} µs, "
        f"{number(1000 * micro.call_ms / micro.call_rows)} µs a row. The request around each row stays. "
        f"Together with a shorter way through the framework that makes {gain} the stock service's rows."
    )


def _split(micro: Column, batch: Column) -> str | None:
    """One request costs a + b, one of n rows a + n·b: so a row costs (difference) / (n − 1)."""
    one_us, many_us = micro.cpu_us_per_request, batch.cpu_us_per_request
    if one_us is None or many_us is None:
        return None
    row_us = (many_us - one_us) / (batch.rows - 1)
    if not 0 < row_us < one_us:
        return None
    share = number(100 * (one_us - row_us) / one_us, 2)
    gain = _ratio(batch.figures.rows_per_s, micro.figures.rows_per_s)
    return (
        f"**An explicit batch** shares the request, too. From {number(one_us)} µs for one row and "
        f"{number(many_us)} µs for {batch.rows} follow {number(row_us)} µs for a row (validated, predicted, "
        f"encoded) and {number(one_us - row_us)} µs for the request around it: {share} % of a single "
        f"prediction is not the prediction. Shared by {batch.rows} rows, that makes {gain} the rows of "
        "single requests to the same service."
    )


def _ratio(value: float | None, base: float | None) -> str:
    return NOTHING if value is None or not base else f"{number(value / base, 2)} times"


def _ms(value: float | None) -> str:
    return NOTHING if value is None else with_unit(number(value), "ms")


def _per_s(value: float | None) -> str:
    return NOTHING if value is None else number(value)


def _planned(column: Column) -> str:
    observed = _per_s(column.figures.throughput_rps)
    return observed if column.planned_rps is None else f"{observed} of {number(column.planned_rps)}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else with_unit(number(100 * value), "%")


def _cpu(column: Column) -> str:
    seconds = column.cpu_s_per_1000_rows
    return NOTHING if seconds is None else with_unit(number(1000 * seconds), "ms")


_LATENCY: Final[tuple[Row, ...]] = (
    ("p50 latency", "p50 latency", lambda each: _ms(each.figures.p50_ms)),
    ("p95 latency", "p95 latency", lambda each: _ms(each.figures.p95_ms)),
    ("p99 latency", "p99 latency", lambda each: _ms(each.figures.p99_ms)),
    ("p50 latency per row", "", lambda each: _ms(each.row_p50_ms)),
)
_FAILURES: Final[tuple[Row, ...]] = (
    ("error rate", "error rate", lambda each: _percent(each.figures.error_rate)),
    ("503 (refused)", "status 503", lambda each: f"{each.refused:,}"),
    ("504 (too late)", "status 504", lambda each: f"{each.late:,}"),
    ("processor time of the service per 1,000 rows", "", _cpu),
    ("verdict", "", lambda each: each.verdict.verdict),
)
_ROWS_PER_S: Final[Row] = ("rows/s", "", lambda each: _per_s(each.figures.rows_per_s))

_STEADY: Final[tuple[Row, ...]] = (
    *_LATENCY,
    ("throughput, requests/s", PLANNED, _planned),
    _ROWS_PER_S,
    *_FAILURES,
)
_EAGER: Final[tuple[Row, ...]] = (
    _ROWS_PER_S,
    ("requests/s", "", lambda each: _per_s(each.figures.throughput_rps)),
    *_LATENCY,
    *_FAILURES,
)
