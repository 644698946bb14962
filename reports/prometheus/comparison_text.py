"""Formats Prometheus' figures beside the load test's own, and explains their differences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from reports.data.quantities import NOTHING, format_count, format_duration, format_number
from reports.prometheus.compare import QUANTILES, LoadTestFigures, ScrapedFigures
from reports.prometheus.counters import BucketQuantile
from reports.prometheus.series import TimeRange

_NAMES = tuple(f"p{share * 100:g}" for share in QUANTILES)
_SERVICE = (
    "The service's latency runs from a request's head to its reply. It holds no network, no wait until the "
    "service accepts a connection, and nothing of the client."
)
_BUCKETS = (
    "Prometheus knows how many requests fell into each bucket of a histogram, and interpolates a percentile "
    "within its bucket: it may be anything between the bounds."
)
_OTHER_TIME = (
    "Prometheus was asked for another time than the run's own, and may have seen other requests: leave "
    "--range out to ask for the run's."
)
_BOTH = (
    "The load test's latency here is its service time, from the actual send to the last byte, percentiles "
    "nearest-rank, warm-up included."
)


def format_comparison(
    scraped: ScrapedFigures, time_range: TimeRange, own: LoadTestFigures | None, width: int
) -> str:
    """The table, and below it what the differences mean, in lines of at most `width` columns."""
    length_s = scraped.length_within_s(time_range)
    table = [
        _list_titles(own),
        *_list_latencies(scraped, own),
        *_list_counts(scraped, own),
        _list_throughput(scraped, length_s, own),
    ]
    paragraphs = [_SERVICE, _BUCKETS]
    if own is not None:
        paragraphs += [_BOTH, *_explain_latencies(scraped, own)]
        paragraphs += [_OTHER_TIME] if time_range == TimeRange() else _explain_counts(scraped, own)
    paragraphs += _explain_coverage(scraped, time_range)
    told = [textwrap.fill(f"- {text}", max(width, 20), subsequent_indent="  ") for text in paragraphs]
    return "\n".join([_describe_scrapes(scraped), "", *_align(table), "", *told])


def _describe_scrapes(scraped: ScrapedFigures) -> str:
    first, last = _format_time(scraped.first_s), _format_time(scraped.last_s)
    over = format_duration(scraped.last_s - scraped.first_s)
    return (
        f"{format_count(scraped.instances, 'instance')} of the service, from {first} to {last} UTC ({over})"
    )


def _list_titles(own: LoadTestFigures | None) -> list[str]:
    return ["", "service", "bucket"] + ([] if own is None else ["load test", "difference"])


def _list_latencies(scraped: ScrapedFigures, own: LoadTestFigures | None) -> Iterator[list[str]]:
    for place, name in enumerate(_NAMES):
        found = scraped.quantiles[place]
        row = [
            f"{name} latency",
            NOTHING if found is None else _format_ms(found.value_s),
            _format_bounds(found),
        ]
        value_s = None if own is None else own.quantiles_s[place]
        if own is not None:
            row.append(NOTHING if value_s is None else _format_ms(value_s))
            gap = None if value_s is None or found is None else value_s - found.value_s
            row.append(NOTHING if gap is None else _format_difference(gap * 1000, "ms"))
        yield row


def _list_counts(scraped: ScrapedFigures, own: LoadTestFigures | None) -> Iterator[list[str]]:
    mine = (None,) * 3 if own is None else (own.answered, own.refused, own.late)
    names = ("answered", "refused (503)", "too late (504)")
    for name, count, measured in zip(
        names, (scraped.answered, scraped.refused, scraped.late), mine, strict=True
    ):
        row = [name, f"{round(count):,}", ""]
        yield (
            row
            if measured is None
            else [*row, f"{measured:,}", _format_difference(measured - round(count), "")]
        )


def _list_throughput(scraped: ScrapedFigures, length_s: float, own: LoadTestFigures | None) -> list[str]:
    """Each side's throughput is by its own time; with --range these times differ."""
    theirs = _divide(scraped.answered, length_s)
    row = ["throughput", _format_rate(theirs), ""]
    if own is None:
        return row
    ours = _divide(own.answered, own.duration_s)
    gap = NOTHING if ours is None or theirs is None else _format_difference(ours - theirs, "requests/s")
    return [*row, _format_rate(ours), gap]


def _explain_latencies(scraped: ScrapedFigures, own: LoadTestFigures) -> Iterator[str]:
    """What the percentiles' differences mean."""
    inside: list[str] = []
    for name, found, value_s in zip(_NAMES, scraped.quantiles, own.quantiles_s, strict=True):
        if found is None or value_s is None:
            continue
        if value_s > found.high_s:
            more = _format_ms(value_s - found.high_s)
            yield (
                f"{name}: the load test's lies {more} above the bucket. "
                "Network, accept queue and client add it."
            )
        elif value_s < found.low_s:
            yield (
                f"{name}: the load test's lies below the bucket. Prometheus saw other requests than the load "
                "test did, slower ones: of other clients, or of another time."
            )
        else:
            inside.append(name)
    if inside:
        yield f"{' and '.join(inside)}: both lie in one bucket, so no difference can be told."


def _explain_counts(scraped: ScrapedFigures, own: LoadTestFigures) -> Iterator[str]:
    """Why the service counted more requests than the load test, or fewer."""
    more_seen = round(scraped.answered) - own.answered
    if not more_seen:
        yield "Both counted the same requests."
    elif more_seen > 0:
        given_up = f", or answered some of the {own.unanswered:,} that the load test gave up on"
        yield (
            f"The service answered {format_count(more_seen, 'request')} more than the load test was "
            f"answered: it was asked by others too{given_up if own.unanswered else ''}."
        )
    else:
        yield (
            f"The service answered {format_count(-more_seen, 'request')} fewer than the load test was "
            "answered: they lie outside the scrapes, or something before the service answered them."
        )


def _explain_coverage(scraped: ScrapedFigures, time_range: TimeRange) -> Iterator[str]:
    """What of the run lies outside the scrapes."""
    if scraped.first_s > time_range.start_s > float("-inf"):
        late = format_duration(scraped.first_s - time_range.start_s)
        yield f"The first scrape came {late} after the run's beginning: what was before is not counted."
    if scraped.last_s < time_range.end_s < float("inf"):
        early = format_duration(time_range.end_s - scraped.last_s)
        yield f"The last scrape came {early} before the run's end: what was after is not counted."


def _align(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Names are aligned left, figures right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _format_bounds(found: BucketQuantile | None) -> str:
    if found is None:
        return NOTHING
    low, high = (
        format_number(found.low_s * 1000),
        format_number(found.high_s * 1000) if found.high_s < float("inf") else "",
    )
    return f"{low} to {high} ms" if high else f"above {low} ms"


def _divide(count: float, duration_s: float) -> float | None:
    return count / duration_s if duration_s > 0 else None


def _format_rate(per_s: float | None) -> str:
    return NOTHING if per_s is None else f"{format_number(per_s)} requests/s"


def _format_ms(seconds: float) -> str:
    return f"{format_number(seconds * 1000)} ms"


def _format_difference(value: float, unit: str) -> str:
    text = format_number(abs(value))
    sign = "" if text == "0" else "+" if value > 0 else "−"
    return f"{sign}{text} {unit}".rstrip()


def _format_time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%H:%M:%S")
