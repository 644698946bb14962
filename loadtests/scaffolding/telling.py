"""What the terminal says after a scenario was written: what was seen, what was guessed, what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch
from loadtests.scaffolding.trials import Trial, TriedEndpoint

COMMANDS: Final = {"model-loadtest": ("model-loadtest check", "model-loadtest run --scenario")}
"""Of programs with sub-commands: how to check a scenario, and how to run one."""


def tell_result(
    sketch: ServiceSketch,
    login: TriedEndpoint | None,
    tried: Mapping[str, TriedEndpoint],
    file: Path,
    url: str,
    program: str,
) -> str:
    """One request and one reply of each endpoint, then guesses, then the next two commands."""
    return "\n".join(_tell_lines(sketch, login, tried, file, url, program))


def _tell_lines(
    sketch: ServiceSketch,
    login: TriedEndpoint | None,
    tried: Mapping[str, TriedEndpoint],
    file: Path,
    url: str,
    program: str,
) -> Iterator[str]:
    yield f"read from {sketch.source}"
    for each in ([sketch.login] if sketch.login else []) + list(sketch.endpoints):
        found = login if each is sketch.login else tried.get(each.name)
        yield ""
        yield from _tell_endpoint(each, found)
    guesses = [*sketch.guesses, *(f"{each.name}: {guess}" for each in sketch.sent for guess in each.guesses)]
    if sketch.login is not None:
        guesses += sketch.login.guesses
    yield "\nguessed:"
    yield from (f"  - {guess}" for guess in [*guesses, "load and objectives: say what you expect"])
    yield f"\nwritten to {file}. Next:"
    check, run = COMMANDS.get(program, (f"{program} --check", f"{program} --scenario"))
    yield f"  {check} {file}"
    yield f"  {run} {file} --host {url}"


def _tell_endpoint(sketch: EndpointSketch, tried: TriedEndpoint | None) -> Iterator[str]:
    if sketch.left_out is not None:
        yield f"{sketch.name} (left out: {sketch.left_out})"
    else:
        yield sketch.name
    if tried is None:
        yield f"  {sketch.title}: not asked"
        return
    if (reason := tried.not_tried or tried.impossible) is not None:
        yield f"  {sketch.title}: not asked, because {reason}"
    for trials in tried.trials.values():
        yield from _tell_trial(next((each for each in trials if each.outcome != "ok"), trials[0]))


def _tell_trial(trial: Trial) -> Iterator[str]:
    yield f"  → {trial.request}"
    yield f"  ← {trial.reply} ({trial.took_ms:.0f} ms)"
