"""Prometheus' figures and the load test's own, beside each other, with their difference in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from reports.data.quantities import NOTHING, counted, duration, number
from reports.prometheus.compare import QUANTILES, Measured, Quantile, Seen, Window

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


def prometheus_text(seen: Seen, window: Window, own: Measured | None, width: int) -> str:
    """The table, and below it what the differences mean, in lines of at most `width` columns."""
    length_s = seen.length_within_s(window)
    table = [_heads(own), *_latencies(seen, own), *_counts(seen, own), _throughput(seen, length_s, own)]
    paragraphs = [_SERVICE, _BUCKETS]
    if own is not None:
        paragraphs += [_BOTH, *_gaps(seen, own)]
        paragraphs += [_OTHER_TIME] if window == Window() else _miscounts(seen, own)
    paragraphs += _coverage(seen, window)
    told = [textwrap.fill(f"- {text}", max(width, 20), subsequent_indent="  ") for text in paragraphs]
    return "\n".join([_opening(seen), "", *_aligned(table), "", *told])


def _opening(seen: Seen) -> str:
    first, last = _time(seen.first_s), _time(seen.last_s)
    over = duration(seen.last_s - seen.first_s)
    return f"{counted(seen.instances, 'instance')} of the service, from {first} to {last} UTC ({over})"


def _heads(own: Measured | None) -> list[str]:
    return ["", "service", "bucket"] + ([] if own is None else ["load test", "difference"])


def _latencies(seen: Seen, own: Measured | None) -> Iterator[list[str]]:
    for place, name in enumerate(_NAMES):
        found = seen.quantiles[place]
        row = [f"{name} latency", NOTHING if found is None else _ms(found.value_s), _bounds(found)]
        value_s = None if own is None else own.quantiles_s[place]
        if own is not None:
            row.append(NOTHING if value_s is None else _ms(value_s))
            gap = None if value_s is None or found is None else value_s - found.value_s
            row.append(NOTHING if gap is None else _signed(gap * 1000, "ms"))
        yield row


def _counts(seen: Seen, own: Measured | None) -> Iterator[list[str]]:
    mine = (None,) * 3 if own is None else (own.answered, own.refused, own.late)
    names = ("answered", "refused (503)", "too late (504)")
    for name, count, measured in zip(names, (seen.answered, seen.refused, seen.late), mine, strict=True):
        row = [name, f"{round(count):,}", ""]
        yield row if measured is None else [*row, f"{measured:,}", _signed(measured - round(count), "")]


def _throughput(seen: Seen, length_s: float, own: Measured | None) -> list[str]:
    """Each side's by its own time, which with --range is another."""
    theirs = _per_s(seen.answered, length_s)
    row = ["throughput", _rate(theirs), ""]
    if own is None:
        return row
    ours = _per_s(own.answered, own.duration_s)
    gap = NOTHING if ours is None or theirs is None else _signed(ours - theirs, "requests/s")
    return [*row, _rate(ours), gap]


def _gaps(seen: Seen, own: Measured) -> Iterator[str]:
    """What the percentiles' differences mean."""
    inside: list[str] = []
    for name, found, value_s in zip(_NAMES, seen.quantiles, own.quantiles_s, strict=True):
        if found is None or value_s is None:
            continue
        if value_s > found.high_s:
            more = _ms(value_s - found.high_s)
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


def _miscounts(seen: Seen, own: Measured) -> Iterator[str]:
    """Why the service counted more requests than the load test, or fewer."""
    more_seen = round(seen.answered) - own.answered
    if not more_seen:
        yield "Both counted the same requests."
    elif more_seen > 0:
        given_up = f", or answered some of the {own.unanswered:,} that the load test gave up on"
        yield (
            f"The service answered {counted(more_seen, 'request')} more than the load test was answered: "
            f"it was asked by others too{given_up if own.unanswered else ''}."
        )
    else:
        yield (
            f"The service answered {counted(-more_seen, 'request')} fewer than the load test was answered: "
            "they lie outside the scrapes, or something before the service answered them."
        )


def _coverage(seen: Seen, window: Window) -> Iterator[str]:
    """Where the scrapes don't reach around the run."""
    if seen.first_s > window.start_s > float("-inf"):
        late = duration(seen.first_s - window.start_s)
        yield f"The first scrape came {late} after the run's beginning: what was before is not counted."
    if seen.last_s < window.end_s < float("inf"):
        early = duration(window.end_s - seen.last_s)
        yield f"The last scrape came {early} before the run's end: what was after is not counted."


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Names stand left, figures right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def _bounds(found: Quantile | None) -> str:
    if found is None:
        return NOTHING
    low, high = number(found.low_s * 1000), number(found.high_s * 1000) if found.high_s < float("inf") else ""
    return f"{low} to {high} ms" if high else f"above {low} ms"


def _per_s(count: float, duration_s: float) -> float | None:
    return count / duration_s if duration_s > 0 else None


def _rate(per_s: float | None) -> str:
    return NOTHING if per_s is None else f"{number(per_s)} requests/s"


def _ms(seconds: float) -> str:
    return f"{number(seconds * 1000)} ms"


def _signed(value: float, unit: str) -> str:
    text = number(abs(value))
    sign = "" if text == "0" else "+" if value > 0 else "−"
    return f"{sign}{text} {unit}".rstrip()


def _time(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%H:%M:%S")
