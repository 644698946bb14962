"""Shows the history of all runs in the web UI: made by another process, and never while a run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Response, send_file
from gevent.lock import BoundedSemaphore

from loadtests.session.controller import Controller
from loadtests.session.judging import run_reports
from reports.data.recorded_runs import REPORT_FILE
from reports.history.command import PAGE

BUSY: Final = "A run is under way, and making the history would disturb it. Open this page again afterwards."


class HistoryPages:
    """The page with the history of all runs in the folder for runs, and the reports that it leads to."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._one_at_a_time = BoundedSemaphore()

    def make_page(self) -> Response:
        """The page, made anew; if that can't be, a sentence that says why not."""
        if self._controller.phase in ("running", "judging"):
            return Response(f"{BUSY}\n", status=503, mimetype="text/plain")
        with self._one_at_a_time:
            done = run_reports("history", str(self._folder))
        if done.returncode:
            return Response(done.stderr, status=404, mimetype="text/plain")
        return send_file(self._folder / PAGE, mimetype="text/html", max_age=0)

    def find_report(self, name: str) -> Response | None:
        """The report of a run by the name of its folder; None unless both lie in the folder for runs."""
        folder = self._folder / name
        report = folder / REPORT_FILE
        if folder.parent != self._folder or report.resolve() != report or not report.is_file():
            return None
        return send_file(report, mimetype="text/html", max_age=0)

    @property
    def _folder(self) -> Path:
        return self._controller.settings.out.resolve()
