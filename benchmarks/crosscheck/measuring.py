"""The turns of the tools: one after the other against one service, in another order each round."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from benchmarks.crosscheck.parts import Command, Part, commands
from benchmarks.crosscheck.reading import Reading
from benchmarks.crosscheck.results import Turns
from benchmarks.generator.processes import PROJECT, EndedError
from benchmarks.service.contenders import contenders
from benchmarks.service.serving import LOAD_CORE, SERVICE_CORE, Served, serving
from service.model.insurance import InsuranceChargesModel


def measure(parts: Sequence[Part], rounds: int, seconds: float, programs: Path) -> Iterator[dict[str, Turns]]:
    """What there is after each round, by part; each round has a service of its own."""
    found: dict[str, dict[str, list[Reading]]] = {part.name: defaultdict(list) for part in parts}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suite = contenders(folder, folder)[0]
        for number in range(rounds):
            with serving(suite, InsuranceChargesModel(), folder) as served:
                for part in parts:
                    told = commands(part, served.host, folder, seconds, programs)
                    for tool in _rotated(list(told), number):
                        reading = turn(told[tool], served, folder)
                        found[part.name][tool].append(reading)
                        _tell(number, part, tool, reading)
            yield {part.name: Turns(part.connections, dict(found[part.name])) for part in parts}


def turn(command: Command, served: Served, folder: Path) -> Reading:
    """Run a tool to its end on its core. Raises `EndedError` and `UnreadableError`."""
    service_s, cores_s, began_s = served.process.cpu_s(), _cores_s(), time.perf_counter()
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
    taken_s = [now_s - before_s for now_s, before_s in zip(_cores_s(), cores_s, strict=True)]
    others = max(taken_s[LOAD_CORE] - tool_s, 0.0) / took_s
    service_others = max(taken_s[SERVICE_CORE] - service_s, 0.0) / took_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.codes:
        words = said.read_text(errors="replace").strip() or output.read_text(errors="replace").strip()
        raise EndedError(f"{command.words[0]} ended with {process.returncode}: {words[-500:]}")
    reading = command.read(output.read_text(encoding="utf-8", errors="replace"))
    return reading.beside(reading.busy or tool_s / took_s, service_s, others, service_others)


def _cores_s() -> list[float]:
    """Seconds of processor time that all processes have taken, for each core."""
    return [each.user + each.nice + each.system for each in psutil.cpu_times(percpu=True)]


def _rotated(tools: list[str], number: int) -> list[str]:
    first = number % len(tools)
    return tools[first:] + tools[:first]


def _tell(number: int, part: Part, tool: str, reading: Reading) -> None:
    print(
        f"{number + 1} {part.name:36} {tool:10} {reading.per_second:8,.0f}/s  p50 {reading.p50_ms:7.2f} "
        f"p99 {reading.p99_ms:7.2f} ms  refused {reading.refused:,}, broken {reading.broken:,}",
        flush=True,
    )
