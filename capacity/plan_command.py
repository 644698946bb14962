"""`model-loadtest plan`: how many replicas a peak needs, by a measured capacity."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from capacity.findings import CapacityFileError, CapacityFindings, read_findings
from capacity.planning import PlanWishes, ReplicaFacts, ReplicaPlan, plan_replicas
from capacity.prediction import Prediction, predict_held_out
from reports.data.folder import write_text
from reports.data.quantities import format_count, format_number

FOUND: Final = 0
USAGE: Final = 2
NO_FORECAST: Final = 3
SHOWN: Final = 40
"""How many characters of a wrong rate are told."""
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)(?:/s)?", re.ASCII)


class NoForecastError(Exception):
    """The measurement doesn't carry a plan; the message says why."""


def main(arguments: Sequence[str] | None = None, program: str = "python -m loadtests") -> int:
    """Plan: 0 a plan, 2 bad input, 3 no forecast, because the capacity or its model can't be relied on."""
    options = _build_parser(program).parse_args(arguments)
    try:
        wishes = PlanWishes(
            options.peak,
            options.spare,
            options.headroom,
            options.efficiency,
            options.price_core,
            options.price_gib,
        )
        found = read_findings(options.capacity)
        check_bounds(found, options.capacity)
        prediction = check_prediction(found)
        plan = plan_replicas(read_replica_facts(found), wishes)
        if options.json is not None:
            content = {"wishes": asdict(wishes), "prediction": asdict(prediction), "plan": asdict(plan)}
            write_text(options.json, json.dumps(content, indent=2, allow_nan=False) + "\n")
    except (CapacityFileError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except NoForecastError as error:
        print(f"No forecast: {error}", file=sys.stderr)
        return NO_FORECAST
    except OSError as error:
        print(f"{error.filename} can't be written: {error.strerror}", file=sys.stderr)
        return USAGE
    print(format_plan(found, prediction, plan, wishes))
    return FOUND


def check_prediction(found: CapacityFindings) -> Prediction:
    """The prediction of the held-out trial, which the measurement met; NoForecastError otherwise."""
    if not found.is_valid:
        raise NoForecastError(f"{found.sentence} Search again, then plan.")
    prediction = predict_held_out(found)
    if prediction is None:
        raise NoForecastError(
            "the search ended before its held-out trial, so nothing was predicted: search again to its end."
        )
    if prediction.misses:
        raise NoForecastError(
            f"of the trial that was held out, at {format_number(prediction.rate_per_s)} requests/s, the "
            f"prediction misses {'; '.join(prediction.misses)}. Search again when nothing else runs there."
        )
    return prediction


def check_bounds(found: CapacityFindings, file: Path) -> None:
    """Raise CapacityFileError unless each bound is the rate of a trial with that outcome, in order."""
    low, high = found.capacity.at_least, found.capacity.less_than
    if low is not None and high is not None and low >= high:
        raise CapacityFileError(
            f"{file}: capacity.less_than is {high:g}, expected more than at_least, {low:g}"
        )
    for name, rate, outcome in (("at_least", low, "proven"), ("less_than", high, "broken")):
        rates = [trial.planned_per_s for trial in found.trials if trial.outcome == outcome]
        if rate is not None and rate not in rates:
            raise CapacityFileError(
                f"{file}: capacity.{name} is {rate:g}, expected the rate of a trial that is {outcome}"
            )


def read_replica_facts(found: CapacityFindings) -> ReplicaFacts:
    """What one replica does: the proven rate, the processor time of a request, the most memory seen."""
    cost = found.cost
    memory = [each.service_memory_bytes for each in found.trials if each.service_memory_bytes is not None]
    return ReplicaFacts(
        capacity_per_s=found.capacity.at_least or 0.0,
        cpu_s_per_request=None if cost is None else cost.s_per_request,
        idle_cores=0.0 if cost is None else cost.idle_cores,
        memory_bytes=max(memory, default=None),
    )


def format_plan(
    found: CapacityFindings, prediction: Prediction, plan: ReplicaPlan, wishes: PlanWishes
) -> str:
    """The plan in sentences and a list."""
    lines = [
        f"{format_number(wishes.peak_per_s)} requests/s take {format_count(plan.replicas, 'replica')}: "
        f"{plan.needed} carry them, {wishes.spare} may be missing.",
        "",
        *(f"  {name:<16}{value}" for name, value in _list_figures(plan)),
        "",
        f"Measured: {found.sentence}",
        f"Predicted first, a trial that was held out at {format_number(prediction.rate_per_s)} requests/s:",
        *(f"- {figure.sentence}" for figure in prediction.figures),
        "Assumed:",
        *(f"- {each}" for each in plan.assumptions),
    ]
    return "\n".join(lines)


def _list_figures(plan: ReplicaPlan) -> list[tuple[str, str]]:
    told = [
        ("each gets", f"{format_number(plan.load_per_s)}/s at the peak"),
        ("", f"{format_number(plan.load_missing_per_s)}/s while the spare ones are missing"),
    ]
    if plan.cpu_request_cores is not None and plan.cpu_limit_cores is not None:
        limit = _format_cores(plan.cpu_limit_cores)
        told.append(("CPU request", f"{_format_cores(plan.cpu_request_cores)}, limit {limit}"))
    if plan.memory_request_bytes is not None and plan.memory_limit_bytes is not None:
        limit = _format_memory(plan.memory_limit_bytes)
        told.append(("memory request", f"{_format_memory(plan.memory_request_bytes)}, limit {limit}"))
    if plan.target_percent is not None:
        told.append(("HPA target", f"averageUtilization {plan.target_percent} (cpu)"))
    if plan.cost is not None:
        told.append(("cost", f"{format_number(plan.cost)} a month, for the requests of all replicas"))
    return told


def _format_cores(cores: float) -> str:
    return f"{1000 * cores:.0f}m"


def _format_memory(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:.0f}Mi"


def _read_rate(text: str) -> float:
    match = _RATE.fullmatch(text.strip())
    if match is None or not 0 < float(match[1]) < math.inf:
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        raise argparse.ArgumentTypeError(f"{shown!r} is no rate above zero: give one such as 2000/s")
    return float(match[1])


def _build_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{program} plan",
        description="Say how many replicas a peak needs, by the capacity that was measured for one.",
        epilog="exit codes: 0 a plan; 2 usage, or no capacity.json; 3 no forecast",
    )
    add = parser.add_argument
    add("--capacity", metavar="FILE", type=Path, required=True, help="the capacity.json of a search")
    add("--peak", metavar="RATE", type=_read_rate, required=True, help="requests a second, such as 2000/s")
    add("--spare", metavar="N", type=int, default=1, help="replicas that may be missing (%(default)s)")
    add(
        "--headroom",
        metavar="SHARE",
        type=float,
        default=0.2,
        help="of each replica's capacity that is left free at the peak (default: %(default)s)",
    )
    add(
        "--efficiency",
        metavar="SHARE",
        type=float,
        default=1.0,
        help="of its capacity alone that each of several replicas brings (default: %(default)s)",
    )
    add("--price-core", metavar="PRICE", type=float, help="of a requested core, a month")
    add("--price-gib", metavar="PRICE", type=float, help="of a requested GiB of memory, a month")
    add("--json", metavar="FILE", type=Path, help="write the plan there, too")
    return parser
