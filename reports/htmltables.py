"""The tables of the page: what stands in which column, in words ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from reports.charts.words import column, listing, ms, share
from reports.figures import Figures
from reports.quantities import beside, counted, duration, exact, number, with_unit
from reports.summary import Summary
from reports.verdict import Judgement, Verdict


@dataclass(frozen=True)
class Column:
    """A column's title; it holds figures unless it holds words, which may be `long`, or `heads` its row."""

    title: str
    words: bool = False
    heads: bool = False
    long: bool = False


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; a muted row is not judged."""

    cells: tuple[str, ...]
    muted: bool = False


@dataclass(frozen=True)
class Table:
    """A table that says what is seen in it."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    dense: bool = False
    """Whether its figures are short, so that five fit beside each other on a narrow page."""


@dataclass(frozen=True)
class Bar:
    """An observed figure against its limit; places and lengths are per cent of the bar's width."""

    words: str
    observed: float
    limit: float
    allowed: tuple[float, float]
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class ObjectiveRow:
    """An objective in words, with its bar where there is something to draw."""

    text: str
    outcome: str
    observed: str
    distance: str
    limit: str
    interval: str
    samples: str
    message: str
    """What its figures don't tell: why it was missed or isn't proven."""
    bar: Bar | None


@dataclass(frozen=True)
class ObjectiveTable:
    """All objectives, in the order of the scenario."""

    title: str
    confidence: str
    rows: tuple[ObjectiveRow, ...]


_FIGURES = ("Replies/s", "Requests", "Errors", "p50, ms", "p95, ms", "p99, ms", "max, ms")


def objective_table(verdict: Verdict) -> ObjectiveTable:
    """Each objective with what was observed, how far that is from the limit, and how sure it is."""
    judged = verdict.objectives
    confidence = share(judged[0].confidence) if judged else "95 %"
    return ObjectiveTable(_objectives_title(verdict), confidence, tuple(map(_objective_row, judged)))


def _objectives_title(verdict: Verdict) -> str:
    judged = verdict.objectives
    if not judged:
        return "The scenario states no objective"
    counts = [
        (outcome, sum(one.outcome == outcome for one in judged)) for outcome in ("met", "missed", "unproven")
    ]
    told = [f"{many} {outcome}" for outcome, many in counts if many]
    title = f"All {told[0]}" if len(told) == 1 and len(judged) > 1 else listing(told)
    return f"{title}, in a run that is invalid" if verdict.verdict == "invalid" else title


def _objective_row(judged: Judgement) -> ObjectiveRow:
    interval = "–"
    if judged.interval is not None:
        low, high = judged.interval
        interval = with_unit(f"{number(low)} to {number(high)}", judged.unit)
    seen = judged.observed
    return ObjectiveRow(
        text=judged.text,
        outcome=judged.outcome,
        observed="–" if seen is None else with_unit(beside(seen, judged.limit), judged.unit),
        distance=_distance(judged),
        limit=with_unit(exact(judged.limit), judged.unit),
        interval=interval,
        samples=f"{judged.samples:,}",
        message="" if judged.outcome == "met" else judged.message,
        bar=None if seen is None else _bar(judged, seen),
    )


def _distance(judged: Judgement) -> str:
    if not judged.observed or not judged.limit:
        return ""
    if judged.observed == judged.limit:
        return "at the limit"
    ratio = judged.observed / judged.limit
    if ratio >= 3:
        return f"{number(ratio, 2)} × the limit"
    return f"{number(abs(ratio - 1) * 100, 2)} % {'above' if ratio > 1 else 'below'}"


def _bar(judged: Judgement, seen: float) -> Bar:
    high = max(judged.interval) if judged.interval else seen
    full = 1.2 * max(seen, judged.limit, min(high, 3 * max(seen, judged.limit))) or 1.0

    def place(value: float) -> float:
        return round(100 * min(max(value, 0.0), full) / full, 2)

    limit = place(judged.limit)
    at_most = _at_most(judged)
    return Bar(
        words=f"{with_unit(beside(seen, judged.limit), judged.unit)} observed, limit "
        f"{'at most' if at_most else 'at least'} {with_unit(exact(judged.limit), judged.unit)}",
        observed=place(seen),
        limit=limit,
        allowed=(0.0, limit) if at_most else (limit, round(100 - limit, 2)),
        interval=None if judged.interval is None else (place(judged.interval[0]), place(judged.interval[1])),
    )


def _at_most(judged: Judgement) -> bool:
    return "<" in judged.text


def stage_table(summary: Summary) -> Table | None:
    """The stages in order, numbered as above the plots; None where there are none."""
    stages = summary.stages
    if not stages:
        return None
    warm = any(not stage.judged for stage in stages)
    users = any(stage.users is not None for stage in stages)
    rate = any(stage.rate is not None for stage in stages)
    columns = []
    if users:
        columns.append(("Users", ["–" if s.users is None else number(s.users) for s in stages]))
    if rate:
        columns.append(("Planned/s", ["–" if s.rate is None else number(s.rate) for s in stages]))
    columns += _figure_columns([stage.figures for stage in stages])
    names = [
        f"{place}. {stage.name}" + ("" if stage.judged else " (warm-up, not judged)")
        for place, stage in enumerate(stages, 1)
    ]
    slow = [stage for stage in stages if stage.figures.p99_ms is not None]
    title = f"{counted(len(stages), 'stage')}"
    if slow:
        worst = max(slow, key=lambda stage: stage.figures.p99_ms or 0.0)
        p99 = ms(worst.figures.p99_ms)
        title = f"p99 was highest in “{worst.name}”: {p99}" if len(stages) > 1 else f"p99 was {p99}"
    caption = "Requests by the stage they were meant to start in; latencies of answered requests."
    if warm:
        caption += " Warm-up is hatched in the plots and not judged."
    return _table(title, caption, "Stage", names, columns, [not stage.judged for stage in stages])


def endpoint_table(summary: Summary) -> Table | None:
    """The endpoints; None where there is only one, since the totals tell the same."""
    endpoints = summary.endpoints
    if len(endpoints) < 2:
        return None
    slow = max(endpoints, key=lambda endpoint: endpoint.figures.p99_ms or 0.0)
    return _table(
        f"p99 was highest on “{slow.endpoint}”: {ms(slow.figures.p99_ms)}",
        "All that is judged, by endpoint; latencies of answered requests.",
        "Endpoint",
        [endpoint.endpoint for endpoint in endpoints],
        _figure_columns([endpoint.figures for endpoint in endpoints]),
    )


def failure_table(summary: Summary) -> Table | None:
    """What failed, the most frequent first; None where nothing did."""
    failures = summary.failures
    if not failures:
        return None
    return _table(
        "",
        "Requests that did not succeed, by reason; times are of the intended start.",
        "Reason",
        [failure.reason + (" (expected)" if failure.expected else "") for failure in failures],
        [
            ("Requests", [f"{failure.count:,}" for failure in failures]),
            ("Share of all", [share(failure.share) for failure in failures]),
            ("First at", [duration(failure.first_s) for failure in failures]),
            ("Last at", [duration(failure.last_s) for failure in failures]),
        ],
    )


def slowest_table(summary: Summary) -> Table | None:
    """The slowest answered requests; None where none was answered."""
    slowest = summary.slowest
    if not slowest:
        return None
    waited = any(slow.service_ms != slow.latency_ms for slow in slowest)
    columns = [
        ("Latency, ms", column([slow.latency_ms for slow in slowest])),
        ("Service time, ms", column([slow.service_ms if waited else None for slow in slowest])),
        ("Queue, ms", column([slow.queue_ms for slow in slowest])),
        ("Inference, ms", column([slow.inference_ms for slow in slowest])),
        ("Batch", ["–" if slow.batch_size is None else number(slow.batch_size) for slow in slowest]),
        ("Outcome", [f"{slow.outcome}, {slow.status}" if slow.status else slow.outcome for slow in slowest]),
        ("Stage", [slow.stage if len(summary.stages) > 1 else "–" for slow in slowest]),
        ("Endpoint", [slow.endpoint if len(summary.endpoints) > 1 else "–" for slow in slowest]),
        ("Trace", [slow.trace_id or "–" for slow in slowest]),
    ]
    first, last = min(slow.intended_s for slow in slowest), max(slow.intended_s for slow in slowest)
    worst = slowest[0]
    title = f"The slowest request took {ms(worst.latency_ms)}, {duration(worst.intended_s)} into the run"
    if len(slowest) > 1 and last - first <= 10:
        title += f"; the {len(slowest)} slowest all started within {duration(max(last - first, 0.1))}"
    return _table(
        title,
        "Answered requests and timeouts, the slowest first, by when they were meant to start.",
        "Started",
        [_clock(slow.intended_s) for slow in slowest],
        [(name, cells) for name, cells in columns if any(cell != "–" for cell in cells)],
    )


def _clock(t_s: float) -> str:
    minutes, seconds = divmod(t_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:06.3f}" if hours else f"{minutes}:{seconds:06.3f}"


def _figure_columns(all_figures: list[Figures]) -> list[tuple[str, list[str]]]:
    latencies = column([value for f in all_figures for value in (f.p50_ms, f.p95_ms, f.p99_ms, f.max_ms)])
    cells = [
        column([f.throughput_rps for f in all_figures]),
        [f"{f.requests:,}" for f in all_figures],
        [f"{f.errors:,}" for f in all_figures],
        *(latencies[place::4] for place in range(4)),
    ]
    return list(zip(_FIGURES, cells, strict=True))


_LONG = ("Endpoint", "Trace")
_WORDS = ("Outcome", "Stage", *_LONG)


def _table(
    title: str,
    caption: str,
    heading: str,
    names: list[str],
    columns: list[tuple[str, list[str]]],
    muted: list[bool] | None = None,
) -> Table:
    heads = (
        Column(heading, words=True, heads=True),
        *(Column(name, words=name in _WORDS, long=name in _LONG) for name, _ in columns),
    )
    cells = zip(names, *(values for _, values in columns), strict=True)
    dimmed = muted or [False] * len(names)
    rows = tuple(Row(row, dim) for row, dim in zip(cells, dimmed, strict=True))
    return Table(title, caption, heads, rows, dense=columns[-1][0] == _FIGURES[-1])
