"""What the suite adds to Locust's web UI: checked starts, a Verdict tab, a verdict bar, the report."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, jsonify, make_response, redirect, request, send_file
from flask.typing import ResponseReturnValue
from locust.web import WebUI

from loadtests.cli.options import MANUAL
from loadtests.exposition.server import PATH
from loadtests.session.controller import LoadTest
from loadtests.webui.guard import closed_to_others, refuse_foreign
from loadtests.webui.starts import Starts
from loadtests.webui.verdict import COLUMNS, KEY, TITLE, page_state, rows, status

STATIC: Final = Path(__file__).parent / "static"
BAR_FILES: Final = {"verdict.js": "text/javascript", "verdict.css": "text/css"}
BAR: Final = '<link rel="stylesheet" href="./verdict.css"><script src="./verdict.js" defer></script>'
REPORT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A report needs nothing but itself; the browser is told so too."""

View = Callable[[], Any]


def install(loadtest: LoadTest, web_ui: WebUI) -> None:
    """Add to the web UI, before it serves its first request."""
    app = web_ui.app
    assert app is not None
    app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
    app.before_request(refuse_foreign)
    app.wsgi_app = closed_to_others(app.wsgi_app)  # type: ignore[method-assign, assignment]
    starts = Starts(loadtest, web_ui)

    def replace(name: str, extended: Callable[[View], View]) -> None:
        view = extended(app.view_functions[f"locust.{name}"])
        app.view_functions[f"locust.{name}"] = web_ui.auth_required_if_enabled(view)

    replace("swarm", lambda go: lambda: starts.start(request.form, lambda: make_response(go())))
    replace("request_stats", lambda view: lambda: _with_verdict(loadtest, make_response(view())))
    replace("index", lambda view: lambda: _with_bar(view()))
    app.register_blueprint(_routes(loadtest, web_ui, starts))
    _extend_page(loadtest, web_ui, starts)
    _extend_class_picker(loadtest, web_ui)


def _extend_page(loadtest: LoadTest, web_ui: WebUI, starts: Starts) -> None:
    """Declare the tab and the link; in the form, put the scenario first and keep it where it was chosen."""
    web_ui.template_args.update(
        extended_tabs=[{"title": TITLE, "key": KEY}],
        extended_tables=[{"key": KEY, "structure": [{"key": k, "title": title} for k, title in COLUMNS]}],
        extended_csv_files=[{"href": "./report", "title": "Open the report of the last run"}],
    )
    update = web_ui.update_template_args

    @wraps(update)
    def update_template_args() -> None:
        update()
        web_ui.template_args["state"] = page_state(loadtest)
        fields = web_ui.template_args["extra_options"]
        scenario = fields.pop("scenario") | {
            "choices": starts.choices,
            "default_value": str(loadtest.options.scenario),
            "help_text": f"users, ramp up, run time: {MANUAL} only",
        }
        web_ui.template_args["extra_options"] = {"scenario": scenario, **fields}

    web_ui.update_template_args = update_template_args  # type: ignore[method-assign]


def _extend_class_picker(loadtest: LoadTest, web_ui: WebUI) -> None:
    """Let picked classes replace the scenario's, and the scenario's load stay whatever shape is picked."""
    update = web_ui._update_user_classes

    def update_user_classes(picked: dict[str, Any]) -> None:
        update(picked)
        loadtest.keep_users()

    def keep_shape(_: str | None) -> None:
        """The shape is what `choose` made it."""

    web_ui._update_user_classes = update_user_classes  # type: ignore[method-assign]
    web_ui._update_shape_class = keep_shape  # type: ignore[method-assign]


def _with_verdict(loadtest: LoadTest, response: Response) -> Response:
    """Locust's figures with the Verdict tab's rows; the page goes on asking until the verdict is there.

    Locust keeps its answer for two seconds, so it is copied, not changed.
    """
    if not response.is_json:
        return response
    data = [{"key": KEY, "data": rows(loadtest)}]
    return jsonify(response.get_json() | {"state": page_state(loadtest), "extended_stats": data})


def _with_bar(page: ResponseReturnValue) -> ResponseReturnValue:
    return page.replace("</head>", f"{BAR}</head>", 1) if isinstance(page, str) else page


def _routes(loadtest: LoadTest, web_ui: WebUI, starts: Starts) -> Blueprint:
    routes = Blueprint("loadtests", __name__, url_prefix=loadtest.options.web_base_path)

    @routes.get("/<any('verdict.js', 'verdict.css'):name>")
    def bar_file(name: str) -> Response:
        """The verdict bar's script and style."""
        return send_file(STATIC / name, mimetype=BAR_FILES[name], max_age=0)

    @routes.get("/verdict")
    @web_ui.auth_required_if_enabled
    def verdict() -> Response:
        """What the bar shows."""
        return jsonify(status(loadtest, starts.finished, starts.notice))

    @routes.get(PATH)
    @web_ui.auth_required_if_enabled
    def metrics() -> Response:
        """What Prometheus is told."""
        assert loadtest.exposition is not None
        return make_response(loadtest.exposition.answer(request.headers.get("Accept")))

    @routes.get("/report")
    @web_ui.auth_required_if_enabled
    def last_report() -> ResponseReturnValue:
        """The last run's report."""
        for run in reversed(starts.finished):
            if run.has_report:
                return redirect(f"./{run.report}")
        return _absent("There is no report yet: it is written when a run has ended.")

    @routes.get("/runs/<name>/report")
    @web_ui.auth_required_if_enabled
    def report(name: str) -> ResponseReturnValue:
        """The report of one of this process's runs, by the name of its folder."""
        for run in starts.finished:
            if run.name == name and run.has_report:
                response = send_file(run.report_file, mimetype="text/html", max_age=0)
                response.headers["Content-Security-Policy"] = REPORT_POLICY
                return response
        return _absent("No run of this name was made here, or it recorded no request.")

    return routes


def _absent(sentence: str) -> Response:
    return Response(f"{sentence}\n", status=404, mimetype="text/plain")
