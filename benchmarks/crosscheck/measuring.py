"""Measures the tools one after the other against one service, in another order in each round."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from benchmarks.crosscheck.load_cases import LoadCase, ToolCommand, build_commands
from benchmarks.crosscheck.reading import Reading
from benchmarks.crosscheck.results import CaseResults
from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.service.services import list_services
from benchmarks.service.serving import LOAD_CORE, SERVICE_CORE, RunningService, start_service
from service.model.insurance import InsuranceChargesModel


def measure_load_cases(
    cases: Sequence[LoadCase], rounds: int, seconds: float, programs: Path
) -> Iterator[dict[str, CaseResults]]:
    """Yield the results so far after each round, by load case; each round starts a service."""
    found: dict[str, dict[str, list[Reading]]] = {case.name: defaultdict(list) for case in cases}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suite = list_services(folder, folder)[0]
        for number in range(rounds):
            with start_service(suite, InsuranceChargesModel(), folder) as served:
                for case in cases:
                    told = build_commands(case, served.host, folder, seconds, programs)
                    for tool in _rotate(list(told), number):
                        reading = run_tool(told[tool], served, folder)
                        found[case.name][tool].append(reading)
                        _print_turn(number, case, tool, reading)
            yield {case.name: CaseResults(case.connections, dict(found[case.name])) for case in cases}


def run_tool(command: ToolCommand, served: RunningService, folder: Path) -> Reading:
    """Run a tool to its end on its core. Raises `ProcessEndedError` and `UnreadableOutputError`."""
    service_s, cores_s, began_s = served.process.cpu_s(), _read_cores_s(), time.perf_counter()
    output, said = folder / "output.txt", folder / "said.txt"
    with output.open("wb") as out, said.open("wb") as errors:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(LOAD_CORE), *command.words],
            cwd=PROJECT,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - began_s
    tool_s, service_s = usage.ru_utime + usage.ru_stime, served.process.cpu_s() - service_s
    taken_s = [now_s - before_s for now_s, before_s in zip(_read_cores_s(), cores_s, strict=True)]
    others = max(taken_s[LOAD_CORE] - tool_s, 0.0) / took_s
    service_others = max(taken_s[SERVICE_CORE] - service_s, 0.0) / took_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.codes:
        words = said.read_text(errors="replace").strip() or output.read_text(errors="replace").strip()
        raise ProcessEndedError(f"{command.words[0]} ended with {process.returncode}: {words[-500:]}")
    reading = command.read(output.read_text(encoding="utf-8", errors="replace"))
    return reading.beside(reading.busy or tool_s / took_s, service_s, others, service_others)


def _read_cores_s() -> list[float]:
    """Return the processor time of all processes in seconds, for each core."""
    return [each.user + each.nice + each.system for each in psutil.cpu_times(percpu=True)]


def _rotate(tools: list[str], number: int) -> list[str]:
    first = number % len(tools)
    return tools[first:] + tools[:first]


def _print_turn(number: int, case: LoadCase, tool: str, reading: Reading) -> None:
    print(
        f"{number + 1} {case.name:36} {tool:10} {reading.per_second:8,.0f}/s  p50 {reading.p50_ms:7.2f} "
        f"p99 {reading.p99_ms:7.2f} ms  refused {reading.refused:,}, broken {reading.broken:,}",
        flush=True,
    )
