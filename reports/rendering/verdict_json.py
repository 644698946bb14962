"""The verdict as verdict.json holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.judging.judgement import Judgement
from reports.judging.stages import StageJudgement
from reports.judging.verdict import Verdict


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """What verdict.json holds; an objective's figures are in its own unit, a stage's in ms and per s."""
    return {
        "verdict": verdict.verdict,
        "exit_code": verdict.exit_code,
        "sentence": verdict.sentence,
        "reasons": list(verdict.reasons),
        "objectives": [_objective_json(judgement) for judgement in verdict.objectives],
        "stages": [_stage_json(judged) for judged in verdict.stages],
        "failures": [asdict(failure) for failure in verdict.failures],
    }


def _objective_json(judgement: Judgement) -> dict[str, Any]:
    bounds = judgement.interval
    return {**asdict(judgement), "interval": None if bounds is None else list(bounds)}


def _stage_json(judged: StageJudgement) -> dict[str, Any]:
    stage = judged.stage
    return {
        "name": stage.name,
        "start_s": stage.start_s,
        "end_s": stage.end_s,
        "judged": stage.judged,
        "outcome": judged.outcome,
        "objectives": [_objective_json(judgement) for judgement in judged.objectives],
        **asdict(stage.figures),
    }
