"""Judges the objectives in each stage by itself; the verdict is on the run as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.data.facts import Stage
from reports.data.run import Run
from reports.figures.figures import StageFigures
from reports.judging.judgement import Judgement, judge_objective
from reports.judging.outcomes import StageOutcome, find_worst
from reports.objectives.metrics import (
    generator_memory_growth,
    goodput,
    latency_drift,
    service_memory_growth,
)
from reports.objectives.objective import Objective
from reports.objectives.units import COUNT, PER_TIME, REQUESTS_PER_S, ROWS_PER_S


@dataclass(frozen=True)
class StageJudgement:
    """A stage's figures, and the judgements of the objectives that apply to it.

    `outcome` is the worst among `objectives`; `not judged` for a warm-up and if no objective applies.
    """

    stage: StageFigures
    outcome: StageOutcome
    objectives: tuple[Judgement, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """The metrics whose limit was missed in this stage."""
        return tuple(dict.fromkeys(judged.metric for judged in self.objectives if judged.outcome == "missed"))


def judge_stages(
    run: Run, objectives: Sequence[Objective], stages: Sequence[StageFigures]
) -> tuple[StageJudgement, ...]:
    """The judgement of each stage of `run`, whose figures are `stages`, in the order of the plan."""
    return tuple(
        _judge_stage(run, objectives, stage, told)
        for stage, told in zip(run.facts.stages, stages, strict=True)
    )


def is_asked_of(objective: Objective, stage: Stage) -> bool:
    """Whether `objective` applies to `stage` by itself.

    An objective about another stage doesn't, nor does an amount that the whole run is to reach (a throughput,
    a number of replies, a length that shows seldom stalls), or a growth over all of it, nor a window longer
    than the stage.
    """
    if objective.window_s is not None and objective.window_s > stage.end_s - stage.start_s:
        return False
    if objective.during is not None:
        return objective.during == stage.name
    definition = objective.definition
    amount = (
        definition.units in (PER_TIME, REQUESTS_PER_S, ROWS_PER_S)
        or definition in (goodput, latency_drift, service_memory_growth, generator_memory_growth)
        or (definition.units is COUNT and objective.is_minimum)
    )
    return "during" in definition.clauses and not amount


def _judge_stage(
    run: Run, objectives: Sequence[Objective], stage: Stage, told: StageFigures
) -> StageJudgement:
    if not stage.judged:
        return StageJudgement(told, "not judged", ())
    if run.cut_short and stage.start_s >= run.elapsed_s and not told.figures.requests:
        return StageJudgement(told, "not begun", ())
    samples = run.samples.select(run.samples.stage.equal(stage.name))
    alone = replace(run, samples=samples, facts=replace(run.facts, stages=(stage,)))
    judged = tuple(judge_objective(asked, alone) for asked in objectives if is_asked_of(asked, stage))
    return StageJudgement(told, find_worst(each.outcome for each in judged) or "not judged", judged)
