"""Runs the suite against its own service for a long time, and looks at the processes of both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import psutil
import requests

from benchmarks.endurance.results import EnduranceResults, ProcessSeries, is_long_enough
from loadtests.cli.own_service import OwnService, is_free
from loadtests.client.addresses import LOOPBACK
from loadtests.recording.processes import PROJECT, build_python_command, build_python_environment
from reports.data.folder import read_run

EVERY_S: Final = 5.0
LEAST_LOOKS: Final = 60
"""A short run is looked at more often than every 5 s."""
END_PATIENCE_S: Final = 600.0
"""How long a run may take to begin and to be judged."""
MIB: Final = 2**20
PREDICTIONS: Final = re.compile(r'^http_requests_total\{handler="[^"]*/prediction",.*\} (\S+)$', re.MULTILINE)


class EnduranceError(Exception):
    """The long run could not be made; the message says why."""


@dataclass
class _Watched:
    """A process and what was seen of it."""

    process: psutil.Process
    name: str
    t_s: list[float] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)

    def look(self, at_s: float) -> None:
        try:
            memory, descriptors = self.process.memory_info().rss / MIB, self.process.num_fds()
            used = self.process.cpu_times()
        except psutil.Error:
            return  # it has ended
        self.t_s.append(round(at_s, 2))
        self.memory_mib.append(round(memory, 3))
        self.descriptors.append(descriptors)
        self.processor_s.append(used.user + used.system)


def endure(seconds: float, rate: float, folder: Path, facts: Mapping[str, str]) -> EnduranceResults:
    """Run `rate` requests a second for `seconds` s, everything that is made in the empty `folder`.

    Raises EnduranceError if there is no run to look at.
    """
    temporary = folder / "temporary"
    temporary.mkdir()
    scenario = folder / "endurance.yaml"
    scenario.write_text(json.dumps(_describe_load(seconds, rate)), encoding="utf-8")
    before = set(psutil.Process().children())
    with OwnService() as service:
        serving = [each for each in psutil.Process().children() if each not in before]
        code, said, watched, others_cores = _load(scenario, service.host, seconds, serving, temporary)
        run_folder = folder / "results" / "latest"
        if not run_folder.exists():
            raise EnduranceError(f"the load test ended with {code}: {said.strip()}")
        counted = _count_predictions(service.host)
        port = int(service.host.rpartition(":")[2])
    seen = [each.process for each in watched]
    commands_s = dict(_time_commands(run_folder))
    verdict = json.loads((run_folder / "verdict.json").read_text(encoding="utf-8"))
    samples = read_run(run_folder.resolve()).samples
    sent = samples[np.isfinite(samples.sent_s)]
    return EnduranceResults(
        facts=facts,
        seconds=seconds,
        rate=rate,
        recorded=len(sent),
        unanswered=int((sent.status == 0).sum()),
        counted=counted,
        outcomes=dict(Counter(sent.outcome.decode().tolist()).most_common()),
        others_cores=others_cores,
        exit_code=code,
        sentence=verdict["sentence"],
        commands_s=commands_s,
        left=_list_left(seen, port, temporary),
        processes=[series for each in watched if is_long_enough(series := _close(each))],
    )


def _describe_load(seconds: float, rate: float) -> Mapping[str, object]:
    return {
        "description": "A constant rate for a long time.",
        "load": {"rate": [{"constant": f"{rate:g}/s", "for": f"{seconds:g}s"}], "spacing": "poisson"},
        "objectives": ["error rate <= 1 %"],
    }


def _load(
    scenario: Path, host: str, seconds: float, serving: Sequence[psutil.Process], temporary: Path
) -> tuple[int, str, list[_Watched], float]:
    """Run the load test; return its exit code, what it said, what was seen, and the cores of others.

    The last two are of the time for which load was planned.
    """
    words = ("--scenario", str(scenario), "--host", host, "--out", str(scenario.parent / "results"))
    said = scenario.with_name("said.txt")
    with said.open("wb") as output:
        command = subprocess.Popen(
            build_python_command("loadtests", *words, "--no-preflight"),
            env={**build_python_environment(), "TMPDIR": str(temporary)},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        before_s, began = _read_busy_s(), time.monotonic()
        watched = _watch(psutil.Process(command.pid), seconds, serving)
        own_s = sum(each.processor_s[-1] - each.processor_s[0] for each in watched if each.processor_s)
        others_cores = (_read_busy_s() - before_s - own_s) / (time.monotonic() - began)
        code = command.wait(END_PATIENCE_S)
    finally:
        if command.poll() is None:
            command.terminate()
            command.wait(END_PATIENCE_S)
    return code, said.read_text(encoding="utf-8", errors="replace"), watched, round(max(0.0, others_cores), 3)


def _read_busy_s() -> float:
    """Seconds that the processors of this machine have worked, for whomever."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _watch(command: psutil.Process, seconds: float, serving: Sequence[psutil.Process]) -> list[_Watched]:
    """Look at all processes until `seconds` after the start of `command`, so before the load ends."""
    watched: dict[psutil.Process, _Watched] = {}
    began, every_s = time.monotonic(), min(EVERY_S, seconds / LEAST_LOOKS)
    due_s = every_s
    while due_s <= seconds and command.is_running() and command.status() != psutil.STATUS_ZOMBIE:
        time.sleep(max(0.0, began + due_s - time.monotonic()))
        for process, name in _list_processes(command, serving):
            watched.setdefault(process, _Watched(process, name)).look(time.monotonic() - began)
        due_s += every_s
    return list(watched.values())


def _list_processes(
    command: psutil.Process, serving: Sequence[psutil.Process]
) -> Iterator[tuple[psutil.Process, str]]:
    """The processes of both sides, each with its name; those that end meanwhile are left out."""
    for side, first in (("generator", command), *(("service", each) for each in serving)):
        try:
            tree = [first, *first.children(recursive=True)]
            for process in tree:
                yield process, f"{side}: {_name_module(process.cmdline())}"
        except psutil.Error:
            continue


def _name_module(words: Sequence[str]) -> str:
    """The module that a process of Python runs, else its program."""
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return Path(words[0]).name if words else "a process"


def _close(watched: _Watched) -> ProcessSeries:
    return ProcessSeries(watched.name, watched.t_s, watched.memory_mib, watched.descriptors)


def _count_predictions(host: str) -> int:
    page = requests.get(f"{host}/metrics", timeout=30).text
    return int(sum(float(value) for value in PREDICTIONS.findall(page)))


def _time_commands(run: Path) -> Iterator[tuple[str, float]]:
    """How long each command over the finished run takes, in s. EnduranceError if one fails."""
    for word in ("show", "write"):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-P", "-m", "reports", word, str(run)],
            env=build_python_environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise EnduranceError(f"python -m reports {word} ended with {done.returncode}: {done.stderr}")
        yield f"python -m reports {word}", round(time.monotonic() - began, 2)


def _list_left(seen: Sequence[psutil.Process], port: int, temporary: Path) -> list[str]:
    """What is still there although everything has ended."""
    left = [f"process {each.pid} still runs" for each in seen if each.is_running()]
    left += [] if is_free(LOOPBACK, port) else [f"port {port} is still taken"]
    return left + [f"a temporary file is left: {path.name}" for path in sorted(temporary.iterdir())]
