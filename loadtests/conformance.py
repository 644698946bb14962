"""Checks that a plug-in does what the suite asks of it, for the tests of its author.

    from loadtests.conformance import check_distribution

    def test_our_plugins_conform():
        check_distribution("acme-model-tools")

docs/plugins.md tells what each kind of plug-in has to do. A check raises AssertionError, in a sentence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from itertools import islice
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import pyarrow as pa

from configuration.payload import PAYLOAD_KINDS
from reports.data.facts import Facts, Stage
from reports.data.plugins import PREFIX, PluginError, PluginKind, describe_error, load_plugin
from reports.data.run import Run
from reports.data.samples import SCHEMA, Samples
from reports.data.telemetry import Telemetry
from reports.judging.verdict import judge_run
from reports.objectives.measurements import (
    Count,
    Maximum,
    Mean,
    Peak,
    Percentile,
    PointEstimate,
    Proportion,
    Rate,
)
from reports.objectives.metric import METRICS, Metric, Scope
from reports.rendering.plugins import export

HOST: Final = "http://127.0.0.1:8000"
RECORDS: Final = 50
SECONDS: Final = 10.0
MEASUREMENTS: Final = (Count, Maximum, Mean, Peak, Percentile, PointEstimate, Proportion, Rate)

MakeRecords = Callable[[str, int, dict[str, Any]], Iterator[Any]]
StartMonitor = Callable[[str], Callable[[], Mapping[str, float]]]


def check_distribution(name: str) -> list[str]:
    """Check each plug-in of an installed distribution; return their names, of which there is one at least.

    Payloads are asked without options; check those that need some by `check_payloads`.
    """
    try:
        points = distribution(name).entry_points
    except PackageNotFoundError:
        raise AssertionError(f"there is no installed distribution {name!r}") from None
    checked = []
    for kind in get_args(PluginKind):
        for point in points.select(group=f"{PREFIX}{kind}"):
            check_plugin(kind, point.name)
            checked.append(point.name)
    assert checked, f"{name} has no entry point of a group that begins with {PREFIX}"
    return checked


def check_plugin(kind: PluginKind, name: str) -> None:
    """Load an installed plug-in as the suite does, and check it."""
    try:
        found = load_plugin(kind, name)
    except PluginError as error:
        raise AssertionError(str(error)) from error
    match kind:
        case "payloads":
            check_payloads(found)
        case "metrics":
            check_metric(found)
        case "monitors":
            check_monitor(found)
        case "exporters":
            check_exporter(name)


def check_payloads(make: MakeRecords, options: Mapping[str, Any] | None = None) -> None:
    """Records of each kind come without end, can be encoded as JSON, and are the same for the same seed."""
    for kind in PAYLOAD_KINDS:
        first, again = (_take(make, kind, 7, options or {}) for _ in range(2))
        assert len(first) == RECORDS, (
            f"{len(first)} {kind} records and no more: they have to go on without end"
        )
        assert first == again, f"equal seeds gave different {kind} records, so that runs can't be repeated"
    apart = _take(make, "realistic", 8, options or {})
    same = apart == _take(make, "realistic", 7, options or {})
    assert not same or len(set(apart)) == 1, "another seed gave the same records: workers would all send them"


def _take(make: MakeRecords, kind: str, seed: int, options: Mapping[str, Any]) -> list[str]:
    try:
        return [
            json.dumps(record, sort_keys=True) for record in islice(make(kind, seed, dict(options)), RECORDS)
        ]
    except Exception as error:
        raise AssertionError(f"{kind} records could not be made: {describe_error(error)}") from error


def check_metric(metric: Any) -> None:
    """It is a metric of a name of its own, and measures runs, with and without requests."""
    assert isinstance(metric, Metric), "decorate the function with reports.objectives.metric.metric"
    same = [each for each in METRICS if each.name == metric.name and {*each.units} & {*metric.units}]
    assert same in ([], [metric]), f"the name {metric.name!r} is taken by another metric"
    assert metric.units, f"{metric.name} has no unit"
    unknown = set(metric.clauses) - {"on", "during", "in any"}
    assert not unknown, f"{metric.name} has clauses that do not exist: {', '.join(sorted(unknown))}"
    for requests in (0, 100):
        run = make_example_run(requests)
        scope = Scope(run.samples, run.telemetry, run.facts, SECONDS)
        try:
            measured = metric.function(scope, *([50] if metric.argument_name else []))
        except Exception as error:
            said = f"{metric.name} could not measure a run of {requests} requests: {describe_error(error)}"
            raise AssertionError(said) from error
        assert isinstance(measured, MEASUREMENTS), (
            f"{metric.name} returned {type(measured).__name__}: return a measurement, such as PointEstimate"
        )
        value = measured.value
        assert value is None or math.isfinite(value), (
            f"{metric.name} measured {value}; None stands for nothing"
        )


def check_monitor(start: StartMonitor) -> None:
    """It starts for a host and can be asked twice; what it tells are finite numbers by their names.

    A service need not be there: then it may tell nothing.
    """
    try:
        observe = start(HOST)
        told = [observe() for _ in range(2)]
    except Exception as error:
        raise AssertionError(f"the monitor failed without a service: {describe_error(error)}") from error
    for seen in told:
        assert isinstance(seen, Mapping), (
            f"the monitor told {type(seen).__name__}, not numbers by their names"
        )
        for name, value in seen.items():
            assert isinstance(name, str), f"{name!r} is no name"
            assert name, "a value without a name was told"
            number = isinstance(value, int | float) and math.isfinite(value)
            assert number, f"{name} is {value!r}, no finite number: leave out what is not known"


def check_exporter(name: str) -> None:
    """It makes files, or none, of a run with requests and of one without."""
    for requests in (0, 100):
        run = make_example_run(requests)
        try:
            list(export(name, run, judge_run(run)))
        except PluginError as error:
            raise AssertionError(f"{error} (a run of {requests} requests)") from error


def make_example_run(requests: int = 100) -> Run:
    """A run made by hand: requests that were answered within 1 to 100 ms, spread over ten seconds."""
    moments = np.arange(requests) * SECONDS / max(1, requests)
    columns: dict[str, Any] = {
        "intended_s": moments,
        "sent_s": moments,
        "latency_ms": 1.0 + np.arange(requests) % 100,
        "service_ms": 1.0 + np.arange(requests) % 100,
        "endpoint": "prediction",
        "stage": "steady",
        "outcome": "ok",
        "kind": "realistic",
        "status": 200,
        "rows": 1,
        "request_bytes": 100,
        "response_bytes": 20,
        "worker": 0,
    }
    table = pa.Table.from_arrays([_fill(field, columns, requests) for field in SCHEMA], schema=SCHEMA)
    facts = Facts(
        scenario="example",
        description="A run made by hand.",
        model="closed",
        host=HOST,
        started_at="2026-01-05T10:00:00Z",
        stages=(Stage("steady", 0.0, SECONDS),),
        objectives=("p99 latency <= 200 ms",),
        planned_s=SECONDS,
        ended_s=SECONDS,
    )
    return Run(Path("results/example"), facts, Samples.from_table(table), Telemetry.empty())


def _fill(field: pa.Field, columns: Mapping[str, Any], count: int) -> pa.Array:
    """A column of the samples: given values, one value for all, or nulls."""
    given = columns.get(field.name)
    values = given.tolist() if isinstance(given, np.ndarray) else [given] * count
    if not pa.types.is_dictionary(field.type):
        return pa.array(values, type=field.type)
    return pa.array(values, type=field.type.value_type).dictionary_encode().cast(field.type)
