"""How many records of replayed files were sent."""

from __future__ import annotations

from typing import NamedTuple

from reports.data.quantities import format_count
from reports.data.run import Run
from reports.data.telemetry import RECORDS, RECORDS_FAILED, RECORDS_TAKEN


class ReplayedRecords(NamedTuple):
    """The records of a file that was replayed to an endpoint, and how many of them were sent."""

    endpoint: str
    records: int
    sent: int


def count_replayed_records(run: Run) -> list[ReplayedRecords]:
    """Each endpoint to which a file was replayed, all generator processes together."""
    endpoints = _list_endpoints(run, RECORDS)
    return [
        ReplayedRecords(each, _sum_last(run, f"{RECORDS} {each}"), _sum_last(run, f"{RECORDS_TAKEN} {each}"))
        for each in endpoints
    ]


def describe_replayed_records(run: Run) -> tuple[str, ...]:
    """How many records were sent, one phrase for each endpoint to which a file was replayed."""
    return tuple(
        f"{sent:,} of {format_count(records, 'record')} sent to {endpoint}"
        for endpoint, records, sent in count_replayed_records(run)
    )


def list_unread_endpoints(run: Run) -> list[str]:
    """The endpoints whose file could not be read to its end."""
    return _list_endpoints(run, RECORDS_FAILED)


def _list_endpoints(run: Run, series: str) -> list[str]:
    prefix = f"{series} "
    return sorted(name.removeprefix(prefix) for name in run.telemetry.names if name.startswith(prefix))


def _sum_last(run: Run, name: str) -> int:
    """The highest value of each process, added up."""
    sources = {source: run.telemetry.select_series(name, source)[1] for source in run.telemetry.source.names}
    return sum(int(values.max()) for values in sources.values() if len(values))
