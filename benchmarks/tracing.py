"""Measures what traces cost the service: tracing off, sampled, and on (`python -m benchmarks.tracing`).

The service has one core; wrk and the receiver of the spans share another.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.generator.measuring import pick_port
from benchmarks.generator.processes import ProcessEndedError, start_pinned
from benchmarks.service.services import PATH, list_services
from benchmarks.service.serving import (
    LOAD_CORE,
    RECORDS,
    ClosedModelResult,
    WrongPredictionError,
    make_records,
    run_wrk,
    start_service,
    write_bodies,
)
from loadtests.recording.facts import describe_machine
from service.model.insurance import InsuranceChargesModel
from service.model.model_file import ModelFileError

OFF: Final = "off"
SAMPLED: Final = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}
SAMPLING_MODES: Final[Mapping[str, Mapping[str, str]]] = {
    OFF: {},
    "1 % of requests": SAMPLED | {"OTEL_TRACES_SAMPLER_ARG": "0.01"},
    "every request": {},
}
CONNECTIONS: Final = 32
WARM_UP_S: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracing", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=5, metavar="N", help="how often each is measured (default: 5)"
    )
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="wrk's window (default: 5)")
    options = parser.parse_args(arguments)
    if absent := [name for name in ("wrk", "taskset") if shutil.which(name) is None]:
        print(f"{', '.join(absent)}: not on this machine; apt-get install wrk util-linux", file=sys.stderr)
        return 2
    try:
        found = _measure(options.rounds, options.seconds)
    except (ProcessEndedError, WrongPredictionError, ModelFileError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(render_costs(found)))
    here = describe_machine()
    print(f"\n{options.rounds} rounds of {options.seconds:g} s; {here['processor']}, {here['cores']} cores.")
    return 0


def render_costs(found: Mapping[str, Sequence[ClosedModelResult]]) -> list[str]:
    """Render throughput and processor time as multiples of those without tracing: medians over the rounds."""
    lines = ["| traced | replies/s | processor time a reply |", "|---|---:|---:|"]
    for way, turns in found.items():
        pairs = list(zip(turns, found[OFF], strict=True))
        rate = median(each.per_second / off.per_second for each, off in pairs)
        cost = median(off.per_cpu_second / each.per_cpu_second for each, off in pairs)
        lines.append(f"| {way} | {rate:.2f} × | {cost:.2f} × |")
    return lines


def _measure(rounds: int, seconds: float) -> dict[str, list[ClosedModelResult]]:
    found: dict[str, list[ClosedModelResult]] = {way: [] for way in SAMPLING_MODES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bodies = write_bodies(folder / "bodies.jsonl", list(make_records(RECORDS)))
        for _ in range(rounds):
            for way, environment in SAMPLING_MODES.items():
                found[way].append(_measure_turn(way, environment, bodies, folder, seconds))
    return found


def _measure_turn(
    way: str, environment: Mapping[str, str], bodies: Path, folder: Path, seconds: float
) -> ClosedModelResult:
    port = pick_port()
    receiver = start_pinned(_receiver_command(port), LOAD_CORE, folder) if way != OFF else nullcontext()
    sent = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"} if way != OFF else {}
    suite = list_services(folder, folder)[0]
    traced = replace(suite, environment=lambda port: {**suite.environment(port), **environment, **sent})
    with receiver, start_service(traced, InsuranceChargesModel(), folder) as served:
        run_wrk(served, PATH, bodies, CONNECTIONS, WARM_UP_S)
        return run_wrk(served, PATH, bodies, CONNECTIONS, seconds)


def _receiver_command(port: int) -> list[str]:
    """Return the command of a collector that discards all spans; a development requirement installs it."""
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        raise ProcessEndedError("rotel is not installed: pip install -r requirements-dev.txt")
    program = str(Path(found.origin).with_name("rotel-agent"))
    listens = [
        "--otlp-http-endpoint",
        f"127.0.0.1:{port}",
        "--otlp-grpc-endpoint",
        f"127.0.0.1:{pick_port()}",
    ]
    return [program, "start", *listens, "--exporter", "blackhole"]


if __name__ == "__main__":
    sys.exit(main())
