"""Encodes the verdict for verdict.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.judging.blind_spot import BlindSpot
from reports.judging.judgement import Judgement
from reports.judging.stages import StageJudgement
from reports.judging.verdict import Verdict


def encode_verdict(verdict: Verdict) -> dict[str, Any]:
    """The contents of verdict.json; an objective's figures are in its unit, those of a stage in ms and s."""
    return {
        "verdict": verdict.verdict,
        "exit_code": verdict.exit_code,
        "sentence": verdict.sentence,
        "reasons": list(verdict.reasons),
        "objectives": [_encode_objective(judgement) for judgement in verdict.objectives],
        "stages": [_encode_stage(judged) for judged in verdict.stages],
        "failures": [asdict(failure) for failure in verdict.failures],
        "answers": list(verdict.answers),
        "steadiness": verdict.steadiness,
        "capacity_per_s": verdict.capacity_per_s,
        "blind_spot": _encode_blind_spot(verdict.blind_spot),
    }


def _encode_blind_spot(found: BlindSpot | None) -> dict[str, Any] | None:
    return None if found is None else {"sentence": found.sentence, **asdict(found)}


def _encode_objective(judgement: Judgement) -> dict[str, Any]:
    bounds = judgement.interval
    return {**asdict(judgement), "interval": None if bounds is None else list(bounds)}


def _encode_stage(judged: StageJudgement) -> dict[str, Any]:
    stage = judged.stage
    return {
        "name": stage.name,
        "start_s": stage.start_s,
        "end_s": stage.end_s,
        "judged": stage.judged,
        "outcome": judged.outcome,
        "objectives": [_encode_objective(judgement) for judgement in judged.objectives],
        **asdict(stage.figures),
    }
