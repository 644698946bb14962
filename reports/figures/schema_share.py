"""How many of the replies that a JSON schema was given for were held to it."""

from __future__ import annotations

import math
from typing import NamedTuple

from reports.data.run import Run


class SchemaShare(NamedTuple):
    """Replies that came to be held to a schema, and those that were: above a stated rate they are sampled."""

    due: int
    checked: int


def measure_schema_share(run: Run) -> SchemaShare:
    """The counts of all generator processes, over the whole run."""
    return SchemaShare(_add_last(run, "schema_due"), _add_last(run, "schema_checked"))


def describe_schema_share(run: Run) -> str:
    """The share in words; empty if no schema was given or no reply came."""
    found = measure_schema_share(run)
    if not found.due:
        return ""
    if found.checked == found.due:
        return f"all {found.due:,} replies"
    percent = math.floor(1000 * found.checked / found.due) / 10
    return f"{percent:g} % of the replies ({found.checked:,} of {found.due:,}): schema_rate allows no more"


def describe_sampled_schema(run: Run) -> tuple[str, ...]:
    """What share of the replies was held to a schema; nothing if all were."""
    found = measure_schema_share(run)
    if found.checked == found.due:
        return ()
    return (f"{found.checked:,} of {found.due:,} replies were held to their schema",)


def _add_last(run: Run, name: str) -> int:
    """The sum of the last values of a series that only grows, over all processes."""
    series = (run.telemetry.select_series(name, source)[1] for source in run.telemetry.source.names)
    return sum(int(values.max(initial=0)) for values in series)
