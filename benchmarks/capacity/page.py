"""The page with the results of simulated searches."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.capacity.plain_steps import STEP, STEP_S
from benchmarks.capacity.results import MOST_WIDTH, CapacityResults, SearchCounts, SearchedService
from benchmarks.capacity.simulating import LOOK_S, WARM_UP_S
from capacity.search import SearchLimits
from reports.data.quantities import format_duration, format_number


def render_page(results: CapacityResults) -> str:
    """Markdown."""
    searches = sum(each.search.searches for each in results.services)
    covering = sum(each.search.covering for each in results.services)
    plain = sum(each.steps.covering for each in results.services)
    parts = [
        "# The search for the capacity, certified",
        f"{searches} searches in virtual time, for services whose capacity is known: {covering} brackets "
        f"hold it ({_percent(covering / searches)}; {_percent(results.confidence)} are promised). Of as "
        f"many rows of plain steps {plain} do ({_percent(plain / searches)}).",
        "The search and the decisions of its trials are those of `model-loadtest capacity`; only requests "
        "are simulated, with Poisson arrivals. Queues have exponential service times (M/M/c); their "
        "capacity follows from Erlang's formula, that of a token bucket from the queue M/D/1 with as much "
        f"room as the bucket is deep. A trial takes {format_duration(results.trial_s)} at most, one of a "
        f"rate that stayed open {SearchLimits.extension:g} times as long, after {WARM_UP_S:g} s of warm-up, "
        f"and ends {LOOK_S:g} s after the checkpoint by which it is decided.",
        _format_search(results),
        f"Plain steps are what is done without a search: rates in steps of {100 * (STEP - 1):.0f} %, "
        f"{STEP_S:g} s each, from half of the capacity upward until the observed figure misses the limit. "
        "They know the capacity in advance, which makes them faster than they would be. Their bracket is "
        "narrow and often wrong, because chance moves a percentile of a minute by more than a step does.",
        _format_steps(results),
        "A bracket without one of its ends holds the capacity on that side in any case: where one is "
        "missing, the search tells nothing wrong, and little. How narrow a bracket can be depends on the "
        "requests that a trial sees: a p99 is decided by the slowest hundredth, and near saturation slow "
        "requests come in long bursts that tell little more than one of them. Longer trials or a higher "
        "rate narrow it; the search says how wide it is.",
        "`python -m benchmarks.capacity` makes this page.",
    ]
    return "\n\n".join(parts) + "\n"


def _format_search(results: CapacityResults) -> str:
    heads = ("service", "capacity", "searches", "hold it", "median width", "widest", "trials", "time")
    rows = [
        (
            each.name,
            f"{format_number(each.capacity_per_s)}/s",
            str(each.search.searches),
            _percent(each.search.covering / each.search.searches),
            _width(each.search.median_width),
            _width(each.search.widest),
            f"{each.search.median_trials:g}",
            format_duration(each.search.median_s),
        )
        for each in results.services
    ]
    return _tabulate(heads, rows)


def _format_steps(results: CapacityResults) -> str:
    heads = ("service", "hold it", "width", "steps", "time", "time of the search")
    return _tabulate(heads, [_describe_steps(each, each.steps) for each in results.services])


def _describe_steps(service: SearchedService, steps: SearchCounts) -> tuple[str, ...]:
    return (
        service.name,
        _percent(steps.covering / steps.searches),
        _width(steps.median_width),
        f"{steps.median_trials:g}",
        format_duration(steps.median_s),
        format_duration(service.search.median_s),
    )


def _tabulate(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    marks = ("---", *["---:"] * (len(heads) - 1))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows))


def _percent(share: float) -> str:
    return f"{format_number(100 * share)} %"


def _width(share: float) -> str:
    return "one end is missing" if share >= MOST_WIDTH else f"{format_number(100 * share, 2)} %"
