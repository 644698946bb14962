"""Adds to Locust's web UI: checked starts, a Verdict tab, a verdict bar, the report, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from flask import (
    Blueprint,
    Flask,
    Response,
    before_render_template,
    jsonify,
    make_response,
    redirect,
    request,
    send_file,
)
from flask.typing import ResponseReturnValue
from locust.web import WebUI

from loadtests.cli.options import MANUAL_SCENARIO
from loadtests.exposition.server import PATH, Exposition
from loadtests.session.controller import Controller
from loadtests.webui.guard import add_policies, closed_to_others, refuse_foreign, refuse_unknown_name
from loadtests.webui.history import HistoryPages
from loadtests.webui.starts import Starts
from loadtests.webui.verdict import (
    COLUMNS,
    KEY,
    TITLE,
    describe_status,
    find_page_state,
    list_objectives,
)

STATIC: Final = Path(__file__).parent / "static"
BAR_FILES: Final = {"verdict.js": "text/javascript", "verdict.css": "text/css"}
BAR: Final = '<link rel="stylesheet" href="./verdict.css"><script src="./verdict.js" defer></script>'
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""A report needs nothing but itself; the browser is told so too."""


def install(controller: Controller, web_ui: WebUI, exposition: Exposition) -> None:
    """Add to the web UI, before it serves its first request."""
    app = web_ui.app
    assert app is not None
    app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
    app.before_request(refuse_unknown_name)
    app.before_request(refuse_foreign)
    app.after_request(add_policies)
    app.wsgi_app = closed_to_others(app.wsgi_app)  # type: ignore[method-assign, assignment]
    starts = Starts(controller, web_ui)
    _check_starts(app, web_ui, starts)
    _extend_answers(app, controller)
    app.register_blueprint(_build_routes(controller, web_ui, exposition, starts))
    _extend_page(app, controller, web_ui, starts)
    _extend_class_picker(controller, web_ui)


def _check_starts(app: Flask, web_ui: WebUI, starts: Starts) -> None:
    """Check a start before Locust's view acts on it, and see it begin."""
    check = web_ui.auth_required_if_enabled(starts.check)

    def check_start() -> ResponseReturnValue | None:
        checked: ResponseReturnValue | None = check() if request.endpoint == "locust.swarm" else None
        return checked

    app.before_request(check_start)
    app.after_request(starts.confirm)
    app.teardown_request(starts.release)


def _extend_answers(app: Flask, controller: Controller) -> None:
    """Add the verdict to Locust's figures, and the verdict bar to its page."""

    def extend(response: Response) -> Response:
        if request.endpoint == "locust.request_stats" and response.is_json:
            return _with_verdict(controller, response)
        if request.endpoint == "locust.index" and response.mimetype == "text/html":
            response.set_data(response.get_data(as_text=True).replace("</head>", f"{BAR}</head>", 1))
        return response

    app.after_request(extend)


def _with_verdict(controller: Controller, response: Response) -> Response:
    """Locust's figures with the rows of the Verdict tab; the page refreshes until the verdict is there.

    Locust keeps its answer for two seconds, so it is copied, not changed.
    """
    data = [{"key": KEY, "data": list_objectives(controller)}]
    state = find_page_state(controller)
    return jsonify(response.get_json() | {"state": state, "extended_stats": data})


def _extend_page(app: Flask, controller: Controller, web_ui: WebUI, starts: Starts) -> None:
    """Declare the tab and the link; in the form, put the scenario first and keep it where it was chosen."""
    web_ui.template_args.update(
        extended_tabs=[{"title": TITLE, "key": KEY}],
        extended_tables=[{"key": KEY, "structure": [{"key": k, "title": title} for k, title in COLUMNS]}],
        extended_csv_files=[
            {"href": "./report", "title": "Open the report of the last run"},
            {"href": "./runs/", "title": "Open the history of all runs"},
        ],
    )

    def extend(_: Flask, context: dict[str, Any], **__: Any) -> None:
        page = context.get("template_args")
        if page is None or "extra_options" not in page:
            return
        page["state"] = find_page_state(controller)
        fields = dict(page["extra_options"])
        scenario = fields.pop("scenario") | {
            "choices": starts.choices,
            "default_value": starts.chosen,
            "help_text": f"users, ramp up, run time: {MANUAL_SCENARIO} only",
        }
        page["extra_options"] = {"scenario": scenario, **fields}

    before_render_template.connect(extend, app, weak=False)


def _extend_class_picker(controller: Controller, web_ui: WebUI) -> None:
    """Let picked classes replace the scenario's, and keep the scenario's load whatever shape is picked."""
    update = web_ui._update_user_classes

    def update_user_classes(picked: dict[str, Any]) -> None:
        update(picked)
        controller.keep_picked_users()

    def keep_shape(_: str | None) -> None:
        """Leave the shape as `choose` made it."""

    web_ui._update_user_classes = update_user_classes  # type: ignore[method-assign]
    web_ui._update_shape_class = keep_shape  # type: ignore[method-assign]


def _build_routes(controller: Controller, web_ui: WebUI, exposition: Exposition, starts: Starts) -> Blueprint:
    routes = Blueprint("loadtests", __name__, url_prefix=controller.settings.web_base_path)
    history = HistoryPages(controller)

    @routes.get("/<any('verdict.js', 'verdict.css'):name>")
    def bar_file(name: str) -> Response:
        """The script and style of the verdict bar."""
        return send_file(STATIC / name, mimetype=BAR_FILES[name], max_age=0)

    @routes.get("/verdict")
    @web_ui.auth_required_if_enabled
    def verdict() -> Response:
        """What the verdict bar shows."""
        return jsonify(describe_status(controller, starts.finished, starts.notice))

    @routes.get(PATH)
    @web_ui.auth_required_if_enabled
    def metrics() -> Response:
        """The metrics, for Prometheus."""
        return make_response(exposition.answer(request.headers.get("Accept")))

    @routes.get("/report")
    @web_ui.auth_required_if_enabled
    def last_report() -> ResponseReturnValue:
        """The report of the last run."""
        for run in reversed(starts.finished):
            if run.has_report:
                return redirect(f"./{run.report}")
        return _answer_absent("There is no report yet: it is written when a run has ended.")

    @routes.get("/runs/<name>/report")
    @web_ui.auth_required_if_enabled
    def report(name: str) -> ResponseReturnValue:
        """The report of one of this process's runs, by the name of its folder."""
        for run in starts.finished:
            if run.name == name and run.has_report:
                return _restrict(send_file(run.report_file, mimetype="text/html", max_age=0))
        return _answer_absent("No run of this name was made here, or it recorded no request.")

    @routes.get("/runs/")
    @web_ui.auth_required_if_enabled
    def all_runs() -> ResponseReturnValue:
        """The history of all runs in the folder for runs."""
        return _restrict(history.make_page())

    @routes.get("/runs/<name>/report.html")
    @web_ui.auth_required_if_enabled
    def recorded_report(name: str) -> ResponseReturnValue:
        """The report of any run in the folder for runs: where the history leads."""
        found = history.find_report(name)
        return _answer_absent("There is no report of this name.") if found is None else _restrict(found)

    return routes


def _restrict(response: Response) -> Response:
    """The answer with what keeps the browser from running, loading or sending anything for a page."""
    response.headers["Content-Security-Policy"] = REPORT_POLICY
    return response


def _answer_absent(sentence: str) -> Response:
    return Response(f"{sentence}\n", status=404, mimetype="text/plain")
