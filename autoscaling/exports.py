"""Encodes what came of an autoscaler as plain values for autoscale.json."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from autoscaling.agreement import Agreement
from autoscaling.outcome import ScalingOutcome
from autoscaling.study import ScalingStudy
from autoscaling.tuning import Tuning, TuningCandidate, list_shown, write_settings
from autoscaling.wording import ASSUMPTIONS, list_notes, summarise_outcome

VERSION: Final = 1
MOST_POINTS: Final = 3600
"""Of a series; a longer one is thinned to every n-th step."""
MOST_CANDIDATES: Final = 20


def encode_study(study: ScalingStudy) -> dict[str, Any]:
    """Everything that the page shows; times in s, latencies in ms, rates in 1/s."""
    run, question = study.outcome.run, study.question
    replica = question.deployment.replica
    return {
        "version": VERSION,
        "verdict": "fail" if study.exit_code else "pass",
        "exit_code": study.exit_code,
        "sentence": summarise_outcome(study.outcome, study.settings),
        "manifest": study.manifest,
        "autoscaler": study.settings.name,
        "load": study.load,
        "replica": {
            "capacity_per_s": study.outcome.capacity_per_s,
            "saturation_per_s": question.deployment.saturation_per_s,
            "cpu_s_per_request": replica.cpu_s_per_request,
            "idle_cores": replica.idle_cores,
            "memory_bytes": replica.memory_bytes,
        },
        "timing": dict(vars(question.timing)),
        "objectives": [
            {
                "text": each.objective.text,
                "outcome": each.outcome,
                "observed": _encode(each.observed),
                "limit": each.objective.limit,
                "message": each.message,
                "missed_s": each.missed_s,
                "spans": [list(span) for span in each.spans],
            }
            for each in study.outcome.judgements
        ],
        "under_provisioned_s": study.outcome.under_s,
        "replica_hours": run.replica_hours,
        "steps": [vars(step) for step in run.steps],
        "notes": list(list_notes(study.settings, study.left_out)),
        "assumptions": list(ASSUMPTIONS),
        "series": _encode_series(study.outcome),
        "rehearsal": None if study.rehearsal is None else _encode_rehearsal(study.rehearsal),
        "tuning": None if study.tuning is None else _encode_tuning(study.tuning),
    }


def _encode_series(outcome: ScalingOutcome) -> dict[str, list[float | None]]:
    run = outcome.run
    every = max(1, math.ceil(len(run.t_s) / MOST_POINTS))
    columns: dict[str, Sequence[float]] = {
        "t_s": run.t_s.tolist(),
        "rate_per_s": run.rate_per_s.tolist(),
        "replicas": run.replicas.tolist(),
        "ready": run.ready.tolist(),
        "latency_ms": run.latency_ms.tolist(),
        "queued": run.queued.tolist(),
        **{f"pod_{name}": values.tolist() for name, values in run.usage.items()},
    }
    return {name: [_encode(value) for value in values[::every]] for name, values in columns.items()}


def _encode_rehearsal(found: Agreement) -> dict[str, Any]:
    """Times in the seconds that were asked about, not in those of scaled time."""
    run = found.rehearsed.run
    every = max(1, round(len(run.t_s) / MOST_POINTS))
    return {
        "sentence": found.sentence,
        "time_scale": found.factor,
        "same_share": found.same_share,
        "mean_difference": found.mean_difference,
        "under_provisioned_s": found.rehearsed.under_s / found.factor,
        "twin_under_provisioned_s": found.twin.under_s / found.factor,
        "replica_hours": run.replica_hours / found.factor,
        "twin_replica_hours": found.twin.run.replica_hours / found.factor,
        "objectives": [
            {"text": each.objective.text, "outcome": each.outcome, "message": each.message}
            for each in found.judgements
        ],
        "series": {
            "t_s": [_encode(t_s / found.factor) for t_s in run.t_s[::every].tolist()],
            "replicas": run.replicas[::every].tolist(),
            "ready": run.ready[::every].tolist(),
            "twin_ready": found.twin.run.ready[::every].tolist(),
        },
    }


def _encode_tuning(tuning: Tuning) -> dict[str, Any]:
    return {
        "grid": list(tuning.grid),
        "tried": len(tuning.candidates),
        "kept": len(tuning.kept),
        "cheapest": None if tuning.cheapest is None else _encode_candidate(tuning.cheapest),
        "candidates": [_encode_candidate(each) for each in list_shown(tuning, MOST_CANDIDATES)],
    }


def _encode_candidate(candidate: TuningCandidate) -> dict[str, Any]:
    return {
        "changes": list(candidate.words),
        "kept": candidate.keeps,
        "replica_hours": candidate.replica_hours,
        "under_provisioned_s": candidate.outcome.under_s,
        "spec": write_settings(candidate.settings),
    }


def _encode(value: float) -> float | None:
    """The number with six digits; None for an infinite one, which JSON has not."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
