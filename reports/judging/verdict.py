"""Decides the verdict on a run: pass, fail or invalid, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor

from reports.data.quantities import format_count, format_duration, format_number
from reports.data.run import Run
from reports.figures.figures import StageFigures, compute_stage_figures
from reports.figures.generator import describe_frequent_resending
from reports.figures.reasons import FailureCount, count_failures
from reports.figures.replayed import describe_replayed_records
from reports.figures.schema_share import describe_sampled_schema
from reports.judging.answers import describe_answers, describe_wrong_answers, find_shifts
from reports.judging.blind_spot import BlindSpot, find_blind_spot
from reports.judging.completeness import find_incompleteness
from reports.judging.departure import describe_departure
from reports.judging.faults import Fault
from reports.judging.generator_health import find_generator_faults
from reports.judging.interference import describe_disturbance, explain_by_disturbance
from reports.judging.judgement import Judgement, judge_objective
from reports.judging.names import find_unused_names
from reports.judging.omission import find_omission
from reports.judging.outcomes import VerdictWord
from reports.judging.stages import StageJudgement, judge_stages
from reports.judging.steadiness import describe_steadiness
from reports.judging.unjudged import describe_tolerated_failures, find_unjudged_failures, tell_failed
from reports.objectives.metrics import offered_load, wrong_answer_share, wrong_answers
from reports.objectives.objective import Objective
from reports.objectives.parsing import parse_objective, parse_objectives

EXIT_CODES: dict[VerdictWord, int] = {"pass": 0, "fail": 1, "invalid": 3}
OFFERED_PERCENT = 95
"""Needed of the planned load, even if no objective says so: a service can't pass by being sent less."""


@dataclass(frozen=True)
class Verdict:
    """The verdict in one word and one sentence, its reasons, and the judgements that it follows from."""

    verdict: VerdictWord
    sentence: str
    reasons: tuple[str, ...]
    objectives: tuple[Judgement, ...]
    stages: tuple[StageJudgement, ...]
    """The judgement of each stage by itself; the verdict doesn't depend on them."""
    failures: tuple[FailureCount, ...] = ()
    """Why judged requests failed, the most frequent reason first."""
    answers: tuple[str, ...] = ()
    """What is told of the answers to probes, one sentence each."""
    steadiness: str = ""
    """Whether latency was steady where the load was constant, in a sentence; empty if that can't be told."""
    capacity_per_s: float | None = None
    """The capacity that a calibration found, of which the levels of the load are multiples; else None."""
    blind_spot: BlindSpot | None = None
    """What the run was too short to see; None unless it passed, and objectives were stated."""

    @property
    def exit_code(self) -> int:
        """The exit code of the process."""
        return EXIT_CODES[self.verdict]


def judge_run(run: Run, stages: tuple[StageFigures, ...] | None = None) -> Verdict:
    """The verdict on `run`; `stages` are its stage figures if they are known already.

    In order of precedence: a fault makes it invalid; a run that was given up fails; a missed objective fails
    it, or makes it invalid if it is missed only while the machine was too busy; an interruption makes it
    invalid; coordinated omission makes it invalid, and so do failures of most requests that no objective
    judges; if proof is required, an unproven objective fails it.
    """
    asked = list_objectives(run)
    found = tuple(judge_objective(objective, run) for objective in asked)
    failures = count_failures(run.judged, run.facts.expected, run.failed)
    word, sentence, reasons = _decide(run, asked, found, failures)
    if run.facts.load_override:
        sentence = f"{_drop_full_stop(sentence)}; {run.facts.load_override}."
    told = compute_stage_figures(run) if stages is None else stages
    return Verdict(
        word,
        sentence,
        reasons,
        found,
        judge_stages(run, asked, told),
        failures,
        describe_answers(run),
        describe_steadiness(run),
        run.facts.capacity_per_s,
        find_blind_spot(run, asked) if word == "pass" and found else None,
    )


def _is_about_all(objective: Objective) -> bool:
    """Whether an objective is about the whole run."""
    return objective.on is None and objective.during is None and not objective.window_s


def list_objectives(run: Run) -> list[Objective]:
    """The stated objectives, that the planned load was offered, and that no answer to a probe was wrong.

    The last is listed where answers are compared and the scenario neither limits nor expects wrong ones. In
    the closed model, the offered load is listed only if it is missed. There, each user who joins may send one
    request less than planned, which is more than a few percent of a short load.
    """
    stated = parse_objectives(run.facts.objectives)
    limited = any(
        objective.definition in (wrong_answer_share, wrong_answers) and _is_about_all(objective)
        for objective in stated
    )
    if run.facts.answers is not None and not limited and "wrong_answer" not in run.facts.expected:
        stated.append(parse_objective(f"{wrong_answer_share.name} <= 0 %"))
    if any(objective.definition is offered_load for objective in stated):
        return stated
    if run.facts.model == "open":
        return [*stated, parse_objective(f"{offered_load.name} >= {OFFERED_PERCENT} %")]
    share, plan = run.facts.offered, run.facts.plan
    if share is None or not plan.requests or _describe_stop(run):
        return stated
    from_s = run.list_spans()[0][0]
    users = [level for t_s, level in zip(plan.t_s, plan.users, strict=False) if t_s >= from_s]
    joins = sum(max(0.0, now - before) for before, now in pairwise((0.0, *users)))
    needed = floor(OFFERED_PERCENT - 100 * joins / plan.requests)
    if needed <= 0 or share >= needed / 100:
        return stated
    return [*stated, parse_objective(f"{offered_load.name} >= {needed} %")]


def _decide(
    run: Run, asked: list[Objective], found: tuple[Judgement, ...], failures: tuple[FailureCount, ...]
) -> tuple[VerdictWord, str, tuple[str, ...]]:
    faults = (
        *map(Fault, run.facts.faults),
        *find_incompleteness(run),
        *find_generator_faults(run),
        *find_unused_names(run, asked),
    )
    missed = _list_missed(found)
    unproven = [judgement for judgement in found if judgement.outcome == "unproven"]
    stopped = _describe_stop(run)
    shifted = tuple(shift.what for shift in find_shifts(run) if shift.compared)
    if faults:
        more = f" (and {format_count(len(faults) - 1, 'more reason')})" if len(faults) > 1 else ""
        return "invalid", f"Invalid: {_drop_full_stop(faults[0].what)}{more}.", tuple(map(str, faults))
    gone = describe_departure(run)
    if run.facts.given_up is not None:
        given_up = "; ".join(
            [f"given up after {format_duration(run.elapsed_s)}: {run.facts.given_up}", *gone]
        )
        return "fail", f"Failed: {given_up}.", (given_up, *missed)
    if missed and (excused := explain_by_disturbance(run, asked, found)):
        return "invalid", f"Invalid: {excused.what}.", (str(excused),)
    if missed:
        after = "".join(f"; {end}" for end in (*gone, *stopped, *_describe_decision(run)))
        mostly = _describe_mostly_failed(run, found, failures)
        reasons = (
            *mostly,
            *missed,
            *describe_wrong_answers(run),
            *shifted,
            *gone,
            *stopped,
            *_describe_saving(run),
            *describe_disturbance(run),
        )
        return "fail", f"Failed: {_describe_failure(missed, len(found), mostly)}{after}.", reasons
    if shifted:
        return "fail", f"Failed: {shifted[0]}.", shifted
    if stopped:
        rest = "no objective was missed until then" if found else "there was nothing to miss"
        return "invalid", f"Invalid: {stopped[0]}; {rest}.", stopped
    if omitted := find_omission(run, asked):
        return "invalid", f"Invalid: {omitted.what}.", (str(omitted),)
    if unjudged := find_unjudged_failures(run, asked):
        return "invalid", f"Invalid: {unjudged.what}.", (str(unjudged),)
    if unproven and run.facts.require_proof:
        messages = tuple(judgement.message for judgement in unproven)
        more = f" (and {len(messages) - 1} more of {len(found)} not proven)" if len(messages) > 1 else ""
        return "fail", f"Failed: {_drop_full_stop(messages[0])}{more}. Proof was required.", messages
    tolerated = describe_tolerated_failures(run, asked, failures)
    reasons = (*tolerated, *(judgement.message for judgement in unproven), *_describe_saving(run))
    return "pass", _describe_pass(run, asked, found, unproven, tolerated), reasons


def _list_missed(found: tuple[Judgement, ...]) -> list[str]:
    """The messages of missed objectives, in the order of the scenario; those without any measurement last."""
    missed = [judgement for judgement in found if judgement.outcome == "missed"]
    return [judgement.message for judgement in sorted(missed, key=lambda judged: judged.observed is None)]


def _describe_mostly_failed(
    run: Run, found: tuple[Judgement, ...], failures: tuple[FailureCount, ...]
) -> tuple[str, ...]:
    """That most requests failed, and why, if an objective was missed because of it; else nothing."""
    failed, requests = sum(failure.count for failure in failures), len(run.judged)
    for_it = any(
        judged.outcome == "missed" and (judged.observed is None or judged.metric in ("error rate", "errors"))
        for judged in found
    )
    if not for_it or 2 * failed <= requests:
        return ()
    return (tell_failed(failures, requests),)


def _describe_failure(missed: list[str], objectives: int, mostly: tuple[str, ...]) -> str:
    if mostly:
        return f"{mostly[0]}; {len(missed)} of {objectives} objectives missed" if missed[1:] else mostly[0]
    more = f" (and {len(missed) - 1} more of {objectives} objectives missed)" if missed[1:] else ""
    return f"{_drop_full_stop(missed[0])}{more}"


def _is_kept(objective: Objective, judged: Judgement) -> bool:
    """Whether what was observed keeps the limit: a growth may exceed it, and may do so by chance."""
    return judged.observed is not None and objective.allows(judged.observed * objective.scale)


def _describe_pass(
    run: Run,
    asked: list[Objective],
    found: tuple[Judgement, ...],
    unproven: list[Judgement],
    tolerated: tuple[str, ...],
) -> str:
    over = f"{format_count(len(run.judged), 'request')} in {format_duration(run.judged_s)}"
    if not found:
        return "; ".join([f"Passed: {over}, no objective was set", *tolerated]) + "."
    every = {1: "the objective was", 2: "both objectives were"}.get(
        len(found), f"all {len(found)} objectives"
    )
    word = "kept" if unproven else "met"  # met is proven
    met = f"{every} {word}" if all(map(_is_kept, asked, found)) else "no objective was missed"
    none_is_proven = bool(unproven) and len(unproven) == sum(judged.provable for judged in found)
    sentence = f"Passed{', but not proven' if none_is_proven else ''}: {met} over {over}"
    if unproven and not none_is_proven:
        sentence += f"; {unproven[0].metric if len(unproven) == 1 else f'{len(unproven)} of them'} "
        sentence += f"{'is' if len(unproven) == 1 else 'are'} not proven"
    more = (
        *tolerated,
        *describe_departure(run),
        *_describe_decision(run),
        *describe_replayed_records(run),
        *describe_frequent_resending(run),
        *describe_sampled_schema(run),
    )
    return "; ".join([sentence, *more]) + "."


def _describe_stop(run: Run) -> tuple[str, ...]:
    """How the run was interrupted or killed, also while it ended early; nothing if it was neither."""
    facts = run.facts
    has_ended = facts.ended_s is not None and facts.interrupted is None
    if has_ended or facts.given_up is not None:
        return ()
    why = facts.interrupted or "it was killed: run.json names no end"
    return (f"stopped after {_describe_part(run)} ({why})",)


def _describe_decision(run: Run) -> tuple[str, ...]:
    return (f"decided after {_describe_part(run)}",) if run.facts.decided and not _describe_stop(run) else ()


def _describe_saving(run: Run) -> tuple[str, ...]:
    """A sentence about an early end by decision: the time saved and the confidence; else nothing."""
    facts = run.facts
    if facts.decided_s is None or facts.planned_s is None:
        return ()
    saved = format_duration(max(0.0, facts.planned_s - run.elapsed_s))
    return (
        f"The run ended early, {saved} before its plan: the requests of its first "
        f"{format_duration(facts.decided_s)} decided every objective; proofs hold at "
        f"{format_number(100 * facts.verdict_confidence)} %, however often it was looked at.",
    )


def _describe_part(run: Run) -> str:
    elapsed_s, planned_s = run.elapsed_s, run.facts.planned_s
    if planned_s is None:
        return format_duration(elapsed_s)
    if 10 <= planned_s < 60 and round(elapsed_s) != round(planned_s):
        return f"{elapsed_s:.0f} of {planned_s:.0f} s"
    if format_duration(elapsed_s) == format_duration(planned_s):
        return f"all but {format_duration(max(0.0, planned_s - elapsed_s))} of {format_duration(planned_s)}"
    return f"{format_duration(elapsed_s)} of {format_duration(planned_s)}"


def _drop_full_stop(sentence: str) -> str:
    return sentence.rstrip(".")
