"""Compares two real services, equal or not, by `model-loadtest ab`, and counts what is said."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from loadtests.comparing.versions import PORT
from loadtests.recording.processes import build_python_command, build_python_environment

WAIT_MS: Final = 20.0
ROUNDS: Final = 5
RUN_S: Final = 3.0
RATE_PER_S: Final = 100.0
SCENARIO: Final = Path(__file__).parent / "waiting.yaml"
"""It states the length and the rate above."""
SETTINGS: Final = {
    "wait_ms": WAIT_MS,
    "started": "started anew for each run",
    "rounds": ROUNDS,
    "run_s": RUN_S,
    "rate_per_s": RATE_PER_S,
}


def compare_real(comparisons: int, delay: float, first_seed: int) -> Iterator[dict[str, Any]]:
    """What each comparison said; the candidate waits longer by the share `delay`.

    Verdict and sentence, how each figure came out, the seed of the order, and how long it took in s.
    """
    for seed in range(first_seed, first_seed + comparisons):
        began = perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            sides = ["--a", _write_command(WAIT_MS), "--b", _write_command(WAIT_MS * (1 + delay))]
            order = ["--rounds", str(ROUNDS), "--seed", str(seed)]
            words = ["ab", *sides, *order, "--scenario", str(SCENARIO), "--out", folder]
            done = subprocess.run(
                build_python_command("loadtests", *words),
                env=build_python_environment(),
                capture_output=True,
                text=True,
            )
            result = Path(folder) / "comparison.json"
            if not result.exists():
                raise RuntimeError(f"ab ended with {done.returncode}:\n{done.stderr}")
            told = json.loads(result.read_text(encoding="utf-8"))
        yield {
            "delay": delay,
            "seed": seed,
            "verdict": told["verdict"],
            "sentence": told["sentence"],
            "figures": {
                each["text"]: {name: each[name] for name in ("outcome", "worse_by", "bounds")}
                for each in told["figures"]
            },
            "reasons": told["reasons"],
            "took_s": round(perf_counter() - began, 1),
        }


def _write_command(wait_ms: float) -> str:
    """What starts the service anew for each run."""
    words = build_python_command("benchmarks.comparison.waiting_service", f"{wait_ms:g}", PORT)
    return shlex.join(words)
