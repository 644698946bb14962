"""Measures a service in the open model: Poisson arrivals at a rate, latency from the intended start."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.generator.processes import PROJECT, ProcessEndedError
from benchmarks.service.serving import LOAD_CORE
from reports.data.folder import FolderError, read_run
from reports.data.percentiles import compute_percentiles

WARM_UP_S: Final = 2.0
PERCENTILES: Final = (0.5, 0.99, 0.999)


@dataclass(frozen=True)
class OpenModelResult:
    """Latency percentiles of the good replies; p99.9 of few requests is hardly more than the maximum."""

    rate: float
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    believed: bool
    """Whether the run was valid: this suite judges the health of its own generator."""

    def percentiles_ms(self) -> tuple[float, float, float]:
        """Return p50, p99 and p99.9."""
        return self.p50_ms, self.p99_ms, self.p999_ms


def measure_open_model(host: str, path: str, bodies: Path, rate: float, seconds: float) -> OpenModelResult:
    """Send Poisson arrivals at `rate` per second, for `seconds` after a warm-up, cycling through `bodies`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "open.yaml"
        file.write_text(render_scenario(path, bodies, rate, seconds), encoding="utf-8")
        suite = [sys.executable, "-m", "loadtests", "--scenario", str(file), "--host", host, "--out", name]
        done = subprocess.run(
            ["taskset", "--cpu-list", str(LOAD_CORE), *suite],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        try:
            return _read(folder / "latest", rate)
        except (FolderError, OSError) as error:
            raise ProcessEndedError(f"no run to read: {done.stderr.strip()[-500:]}") from error


def render_scenario(path: str, bodies: Path, rate: float, seconds: float) -> str:
    """Render the scenario file, as JSON (which is YAML)."""
    endpoint = {"name": "prediction", "path": path, "payload": {"file": str(bodies)}}
    level = f"{rate:.0f}/s"
    return json.dumps(
        {
            "description": "An arrival rate that leaves a service some room.",
            "load": {
                "warm_up": [{"constant": level, "for": f"{WARM_UP_S:g}s"}],
                "rate": [{"constant": level, "for": f"{seconds:g}s"}],
                "spacing": "poisson",
            },
            "traffic": {"endpoints": [endpoint]},
            "objectives": ["error rate <= 1 %"],
        }
    )


def _read(folder: Path, rate: float) -> OpenModelResult:
    run = read_run(folder)
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["verdict"]
    (stage,) = run.facts.judged_stages
    samples = run.samples.select(run.samples.stage.equal(stage.name))
    good_ms = samples.latency_ms[samples.ok]
    if not len(good_ms):
        raise ProcessEndedError(f"no good reply among {len(samples)} at {rate:.0f}/s")
    p50_ms, p99_ms, p999_ms = compute_percentiles(good_ms, PERCENTILES)
    failed = len(samples) - len(good_ms)
    return OpenModelResult(rate, len(samples), failed, p50_ms, p99_ms, p999_ms, verdict != "invalid")
