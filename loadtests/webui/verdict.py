"""What the web UI shows of a run: approximate figures while it goes on, then the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from locust.runners import STATE_RUNNING, STATE_SPAWNING

from loadtests.recording.live import Standing
from loadtests.session.controller import Controller
from loadtests.session.judging import VerdictJson
from loadtests.session.progress import measure_progress
from reports.data.quantities import add_unit, format_against_limit, format_count, format_exact
from reports.judging.outcomes import SYMBOLS
from reports.rendering.terminal import list_examples

KEY: Final = "verdict"
TITLE: Final = "Verdict"
COLUMNS: Final = (
    ("objective", "Objective"),
    ("observed", "Observed"),
    ("limit", "Limit"),
    ("outcome", "Outcome"),
    ("why", "In words"),
)
NOTHING: Final = "–"

Cells = dict[str, str]
"""One row of the Verdict tab: text by column, and `name`, by which Locust's page sorts the rows."""


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over."""

    folder: Path
    verdict: VerdictJson | None
    """None if the run could not be judged."""

    @property
    def name(self) -> str:
        """The name of the folder, by which the run is known here."""
        return self.folder.name

    @property
    def report_file(self) -> Path:
        """Where the report is if one was written."""
        return self.folder.resolve() / "report.html"

    @property
    def has_report(self) -> bool:
        """Whether one was written: there is none where no request was recorded."""
        return self.report_file.is_file()

    @property
    def report(self) -> str:
        """The report's address, from the web UI's page."""
        return f"runs/{self.name}/report"


def find_page_state(controller: Controller) -> str:
    """Locust's state as its page should see it: the page refreshes while it reads `running`.

    Otherwise it would stop refreshing when the users are told to stop, before the verdict.
    """
    state = controller.runner.state
    if controller.phase in ("running", "judging") and state != STATE_SPAWNING:
        return STATE_RUNNING
    return state


def list_objectives(controller: Controller) -> list[Cells]:
    """The rows of the Verdict tab: objectives in the order of the scenario; then why requests failed."""
    run = controller.run
    if run is None:
        return []
    if controller.verdict is not None:
        cells = [_describe_judged(objective) for objective in controller.verdict["objectives"]]
        cells += [_describe_failure(failure) for failure in controller.verdict.get("failures", ())]
    else:
        cells = [_describe_standing(standing) for standing in run.live.list_standings(run.elapsed_s)]
    return [{"name": f"{place:04}", **row} for place, row in enumerate(cells)]


def _describe_standing(standing: Standing) -> Cells:
    objective, observed, kept = standing
    if observed is None or kept is None:
        figure, outcome, why = NOTHING, "known after the run", "only the whole run tells"
    else:
        figure = "≈ " + add_unit(format_against_limit(observed, objective.stated), objective.unit)
        not_kept = "not reached yet" if objective.definition.better == "higher" else "missed so far"
        outcome = "kept so far" if kept else not_kept
        why = "a live estimate; the verdict is computed from all requests"
    return {
        "objective": str(objective),
        "observed": figure,
        "limit": objective.limit_text,
        "outcome": outcome,
        "why": why,
    }


def _describe_judged(objective: Mapping[str, Any]) -> Cells:
    observed, limit, unit = objective["observed"], objective["limit"], objective["unit"]
    outcome = objective["outcome"]
    return {
        "objective": objective["text"],
        "observed": NOTHING if observed is None else add_unit(format_against_limit(observed, limit), unit),
        "limit": add_unit(format_exact(limit), unit),
        "outcome": f"{SYMBOLS[outcome]} {outcome}",
        "why": objective["message"],
    }


def _describe_failure(failure: Mapping[str, Any]) -> Cells:
    """Why requests failed, with the first one that was kept."""
    return {
        "objective": f"failed: {failure['reason']}",
        "observed": format_count(failure["count"], "request"),
        "limit": "",
        "outcome": "",
        "why": "".join(f"such as {example}" for example in list_examples(failure)[:1]),
    }


def describe_status(controller: Controller, finished: Sequence[FinishedRun], notice: str) -> dict[str, Any]:
    """What the verdict bar shows: the newest run in a sentence, its report, and the runs before it.

    A `notice` is shown as long as the run that it is about goes on.
    """
    run, phase = controller.run, controller.phase
    shown = {"phase": phase, "run": "", "word": "", "report": "", "sentence": "", "notice": ""}
    if run is not None and phase == "running":
        shown |= {"run": run.folder.name, "sentence": measure_progress(run).line, "notice": notice}
    elif run is not None and phase == "judging":
        shown |= {"run": run.folder.name, "sentence": "The load has ended; the run is being judged."}
    elif phase == "done":
        *finished, last = finished
        shown |= _link(last) | {"sentence": _summarise(last)}
    return {**shown, "earlier": [_link(run) for run in reversed(finished)]}


def _link(run: FinishedRun) -> dict[str, str]:
    return {
        "run": run.name,
        "word": run.verdict["verdict"] if run.verdict else "",
        "report": f"./{run.report}" if run.has_report else "",
    }


def _summarise(run: FinishedRun) -> str:
    if run.verdict is None:
        return f"The run could not be judged; the log says why. What was recorded is kept in {run.folder}."
    return str(run.verdict["sentence"])
