"""The options of `model-loadtest autoscale`, and the values that they stand for."""

from __future__ import annotations

import argparse
import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Final

from autoscaling.controller import SIGNALS
from configuration.units import parse_duration, parse_quantity, parse_rate
from loadtests.cli.values import make_count_parser, make_range_parser

OUT: Final = Path("results/autoscale")
MOST_REPLICAS: Final = 10_000


def build_parser(program: str) -> argparse.ArgumentParser:
    """The parser of the command; `program` is what was typed before it."""
    parser = argparse.ArgumentParser(
        prog=f"{program} autoscale",
        description="Ask the manifest of a HorizontalPodAutoscaler whether it keeps up with a load: how many "
        "replicas there are, when objectives are missed and for how long, and which settings would do.",
        epilog="exit codes: 0 all objectives met; 1 one missed; 2 usage, or an unreadable file; 3 invalid",
        allow_abbrev=False,
    )
    _add_inputs(parser)
    _add_replica(parser)
    _add_rehearsal(parser)
    _add_cluster(parser)
    return parser


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--hpa",
        metavar="FILE",
        type=Path,
        required=True,
        help="the manifest (autoscaling/v2), as it is applied, or what kubectl kustomize prints",
    )
    add("--deployment", metavar="FILE", type=Path, help="its Deployment, if the file of --hpa holds none")
    load = parser.add_mutually_exclusive_group(required=True)
    load.add_argument("--scenario", metavar="NAME|FILE", help="take load and objectives of a scenario")
    load.add_argument(
        "--profile",
        metavar="FILE|SEGMENTS",
        help="rates over time: segments as in a scenario's rate, such as '[{ramp: [10/s, 200/s], for: 5m}]', "
        "in a file or as typed, or a CSV file with t_s and rate_per_s",
    )
    add(
        "--objective",
        metavar="SENTENCE",
        action="append",
        default=[],
        help="'p99 latency <= 100 ms', perhaps with 'during scale-up', 'error rate <= 1 %%' or "
        "'under-provisioned <= 30 s'; in place of those of the scenario; may be given several times",
    )
    add("--tune", action="store_true", help="look for the cheapest settings that keep the objectives")
    add("--out", metavar="DIR", type=Path, default=OUT, help="where the page goes (default: %(default)s)")


def _add_replica(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("a replica", "measured with --capacity, or stated with --service-time")
    add = group.add_argument
    source = group.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--capacity", metavar="FILE", type=Path, help="the capacity.json of model-loadtest capacity"
    )
    source.add_argument(
        "--service-time", metavar="TIME", type=_parse_time, help="the mean time a request takes alone: 20ms"
    )
    add(
        "--concurrency",
        metavar="N",
        type=make_count_parser(MOST_REPLICAS),
        help="requests that it works on at once (with --service-time; default: 1)",
    )
    add(
        "--capacity-per-replica",
        metavar="RATE",
        type=_make_parser(parse_rate, "a rate above zero, such as 66/s"),
        help="the rate that it carries within the objectives (default: computed from the others)",
    )
    add("--cpu-per-request", metavar="TIME", type=_parse_time, help="processor time of a request: 4ms")
    add("--idle-cores", metavar="N", type=_parse_amount, help="cores that it uses without requests: 20m")
    add("--memory", metavar="BYTES", type=_parse_amount, help="what it holds of memory: 150Mi")
    add("--timeout", metavar="TIME", type=_parse_time, help="requests that wait longer fail (default: none)")
    add(
        "--metric",
        metavar="NAME=WHAT",
        type=_parse_metric,
        action="append",
        default=[],
        help=f"what a metric of the manifest measures of a pod: {', '.join(SIGNALS)}",
    )


def _add_rehearsal(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("a rehearsal with real processes").add_argument
    add(
        "--rehearse",
        metavar="COMMAND",
        help="start each replica on this machine by this command, such as 'my-service --port {port}', behind "
        "haproxy, scale them by the same rules under the load, and compare what is measured with the twin; "
        "the traffic is that of --scenario",
    )
    add(
        "--time-scale",
        metavar="X",
        type=make_range_parser(0.02, 1),
        default=1.0,
        help="stretch load, delays and windows of the rehearsal, 0.1 is ten times shorter (default: 1)",
    )


def _add_cluster(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the cluster").add_argument
    moment = _make_parser(parse_duration, "a time such as 20s, or 0s", allow_zero=True)
    add("--start-up", metavar="TIME", type=moment, default=30.0, help="of a pod (default: 30s)")
    add(
        "--readiness-delay",
        metavar="TIME",
        type=moment,
        default=0.0,
        help="from its start until it gets requests: of readiness probes, endpoints, proxies (default: 0s)",
    )
    add("--sync", metavar="TIME", type=_parse_time, default=15.0, help="of the autoscaler (default: 15s)")
    add(
        "--metrics-period", metavar="TIME", type=_parse_time, default=15.0, help="a value each (default: 15s)"
    )
    add("--metrics-lag", metavar="TIME", type=moment, default=0.0, help="of each value (default: 0s)")
    add(
        "--replicas",
        metavar="N",
        type=make_count_parser(MOST_REPLICAS),
        help="when the load begins (default: minReplicas)",
    )


def _make_parser(
    parse: Callable[[str], float], expected: str, *, allow_zero: bool = False
) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = parse(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < math.inf or (value == 0 and not allow_zero):
            raise ArgumentTypeError(f"{text} is impossible; give {expected}")
        return value

    return read


_parse_time: Final = _make_parser(parse_duration, "a time above zero, such as 20ms or 15s")
_parse_amount: Final = _make_parser(
    parse_quantity, "a quantity of Kubernetes, such as 250m or 150Mi", allow_zero=True
)


def _parse_metric(text: str) -> tuple[str, str]:
    name, _, signal = text.partition("=")
    if not name or signal not in SIGNALS:
        raise ArgumentTypeError(f"{text} is impossible; give NAME=WHAT, WHAT one of {', '.join(SIGNALS)}")
    return name, signal
