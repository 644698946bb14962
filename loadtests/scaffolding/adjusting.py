"""Changes a sketch by what came when the service was asked, so that a first load test can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch
from loadtests.scaffolding.trials import Trial, TriedEndpoint, describe_outcome

REFUSALS: Final = (400, 422)
LEAST_LIMIT_MS: Final = 500.0
LIMIT_FACTOR: Final = 10.0
"""The limit for the 95th percentile is so many times the time of a request when nothing else is asked."""


def adjust_sketch(
    sketch: ServiceSketch, login: TriedEndpoint | None, tried: Mapping[str, TriedEndpoint]
) -> ServiceSketch:
    """The sketch without what the service does not answer as expected; each change says why.

    Where no endpoint is answered as expected, all stay, with what came instead.
    """
    adjusted = [_adjust(each, tried[each.name]) if each.name in tried else each for each in sketch.endpoints]
    if not any(_is_answered(tried.get(each.name)) for each in adjusted if each.left_out is None):
        adjusted = [
            _add(replace(new, left_out=None), new.left_out) if old.left_out is None and new.left_out else new
            for old, new in zip(sketch.endpoints, adjusted, strict=True)
        ]
    step = sketch.login
    if step is not None and login is not None:
        problem = login.not_tried or _describe_first_failure(login.realistic)
        step = step if problem is None else _add(step, f"it was not seen to work: {problem}")
    return replace(sketch, endpoints=tuple(adjusted), login=step)


def choose_p95_limit(tried: Mapping[str, TriedEndpoint]) -> float:
    """A cautious limit in ms: ten times the slowest request that was answered, at least 500, rounded up."""
    times = [trial.took_ms for each in tried.values() for trial in each.realistic if trial.outcome == "ok"]
    wanted = max([LEAST_LIMIT_MS, *(LIMIT_FACTOR * time_ms for time_ms in times)])
    step = 500.0
    return -(-wanted // step) * step


def _is_answered(tried: TriedEndpoint | None) -> bool:
    return tried is not None and any(trial.outcome == "ok" for trial in tried.realistic)


def _add(sketch: EndpointSketch, guess: str) -> EndpointSketch:
    return replace(sketch, guesses=(*sketch.guesses, guess))


def _adjust(sketch: EndpointSketch, tried: TriedEndpoint) -> EndpointSketch:
    if tried.not_tried is not None:
        return _add(sketch, f"it was not asked: {tried.not_tried}")
    if tried.impossible is not None:
        return replace(sketch, left_out=f"no request can be made: {tried.impossible}")
    sketch = _adjust_success(sketch, tried)
    return sketch if sketch.left_out is not None else _adjust_refusals(sketch, tried)


def _adjust_success(sketch: EndpointSketch, tried: TriedEndpoint) -> EndpointSketch:
    failed = [trial for trial in tried.realistic if trial.outcome != "ok"]
    if not failed:
        return sketch
    first = failed[0]
    came = describe_outcome(first.outcome, first.status)
    if 200 <= first.status < 300:
        told = sketch.expect.get("realistic", ())
        if told and first.status not in told:
            guess = f"its document tells {told[0]}, and it was answered with {first.status}"
            expect = {**sketch.expect, "realistic": (*told, first.status)}
            return _add(replace(sketch, expect=expect), guess)
        return _add(
            replace(sketch, reply=None), f"replies are not checked, because one broke it: {first.problem}"
        )
    reason = f"it was answered with {came}{_add_reply(first)}"
    if first.status in (401, 403):
        reason += "; give credentials, such as LOADTEST_HEADERS='Authorization: ...'"
    return replace(sketch, left_out=reason)


def _adjust_refusals(sketch: EndpointSketch, tried: TriedEndpoint) -> EndpointSketch:
    """Expect the statuses with which invalid records are refused; leave such records out if they are not."""
    trials = tried.trials.get("invalid", ())
    if not trials:
        return sketch
    wrong = [trial for trial in trials if trial.status not in REFUSALS]
    if wrong:
        payload = {key: value for key, value in (sketch.payload or {}).items() if key != "kinds"}
        expect = {kind: codes for kind, codes in sketch.expect.items() if kind != "invalid"}
        came = describe_outcome(wrong[0].outcome, wrong[0].status)
        guess = f"no invalid records are sent, because one was answered with {came}: {wrong[0].request}"
        return _add(replace(sketch, payload=payload, expect=expect), guess)
    came_too = dict.fromkeys((*sketch.expect.get("invalid", ()), *(trial.status for trial in trials)))
    return replace(sketch, expect={**sketch.expect, "invalid": tuple(came_too)})


def _describe_first_failure(trials: Sequence[Trial]) -> str | None:
    failed = next((trial for trial in trials if trial.outcome != "ok"), None)
    if failed is None:
        return None
    return f"it was answered with {describe_outcome(failed.outcome, failed.status)}"


def _add_reply(trial: Trial) -> str:
    rest = trial.reply.removeprefix(str(trial.status)).strip()
    return f" ({rest[:120]})" if rest else ""
