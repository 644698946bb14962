"""Compares two real services, equal or not, by `model-loadtest ab`, and counts what is said."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from loadtests.recording.processes import build_python_command, build_python_environment

WAIT_MS: Final = 20.0
ROUNDS: Final = 3
RUN_S: Final = 5.0
RATE_PER_S: Final = 50.0
SCENARIO: Final = Path(__file__).parent / "waiting.yaml"
"""It states the length and the rate above."""


def compare_real(comparisons: int, delay: float) -> Counter[str]:
    """How often each verdict was given; the candidate waits longer by the share `delay`."""
    verdicts: Counter[str] = Counter()
    for place in range(comparisons):
        with (
            start_waiting_service(WAIT_MS) as one,
            start_waiting_service(WAIT_MS * (1 + delay)) as other,
            tempfile.TemporaryDirectory() as folder,
        ):
            sides = ["--a", one, "--b", other, "--rounds", str(ROUNDS), "--seed", str(place)]
            words = ["ab", *sides, "--scenario", str(SCENARIO), "--out", folder]
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
            verdicts[told["verdict"]] += 1
        print(f"{place + 1} of {comparisons}: {told['sentence']}", file=sys.stderr, flush=True)
    return verdicts


def add_verdicts(real: dict[str, Any], delay: float, verdicts: Counter[str]) -> dict[str, Any]:
    """What was counted before, with these verdicts added to the row of their delay."""
    rows = {row["delay"]: Counter(row["verdicts"]) for row in real.get("rows", ())}
    rows[delay] = rows.get(delay, Counter()) + verdicts
    return {
        "wait_ms": WAIT_MS,
        "rounds": ROUNDS,
        "run_s": RUN_S,
        "rate_per_s": RATE_PER_S,
        "rows": [{"delay": each, "verdicts": dict(rows[each])} for each in sorted(rows)],
    }


@contextmanager
def start_waiting_service(wait_ms: float) -> Iterator[str]:
    """The URL of a service in another process, which ends with the block."""
    process = subprocess.Popen(
        build_python_command("benchmarks.comparison.waiting_service", str(wait_ms)),
        env=build_python_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
