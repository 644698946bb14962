"""Who may act on the web UI, by what a browser says of the page that asks."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse as Response

from loadtests.webui.guard import (
    NAMES_VARIABLE,
    add_policies,
    closed_to_others,
    refuse_foreign,
    refuse_unknown_name,
)

HOST = {"Host": "127.0.0.1:8089"}


def status(method: str, headers: dict[str, str]) -> int:
    """Status of the answer to a request with these headers."""
    app = Flask(__name__)
    app.before_request(refuse_foreign)
    app.add_url_rule("/stop", view_func=lambda: "stopped", methods=["GET", "POST"])
    return app.test_client().open("/stop", method=method, headers=HOST | headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8089"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://127.0.0.1:8090"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
    ],
)
def test_pages_of_other_origins_may_read_and_not_act(headers: dict[str, str]) -> None:
    """Another port is another origin; a sandboxed page's is `null`."""
    assert status("POST", headers) == 403
    assert status("GET", headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8089"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://load.example"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8089"},
    ],
)
def test_its_own_pages_and_what_is_no_browser_act(headers: dict[str, str]) -> None:
    """Also behind a proxy that names another host, where the browser vouches for the page."""
    assert status("POST", headers) == 200


def test_pages_of_other_origins_are_not_let_read_the_answer() -> None:
    """Locust allows them to; a browser keeps an answer from them that doesn't say so."""
    app = Flask(__name__)
    app.add_url_rule(
        "/stats", view_func=lambda: ("figures", {"Access-Control-Allow-Origin": "*", "X-Own": "1"})
    )
    app.wsgi_app = closed_to_others(app.wsgi_app)  # type: ignore[method-assign]
    answer = app.test_client().get("/stats", headers=HOST | {"Origin": "http://elsewhere.example"})
    assert (answer.text, answer.headers["X-Own"]) == ("figures", "1")
    assert "Access-Control-Allow-Origin" not in answer.headers


def ask_as(host: str) -> Response:
    """The answer to a request that names this host."""
    app = Flask(__name__)
    app.before_request(refuse_unknown_name)
    app.after_request(add_policies)
    app.add_url_rule("/stats", view_func=lambda: "figures")
    return app.test_client().get("/stats", headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8089",
        "[::1]:8089",
        "localhost:8089",
        "10.1.2.3",
        "locust-master:8089",
        "a.b.svc.cluster.local",
    ],
)
def test_an_address_and_a_local_name_are_its_own(host: str) -> None:
    assert ask_as(host).status_code == 200


def test_a_name_that_anybody_may_point_here_is_refused_until_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of that name could act as the web UI's own (DNS rebinding)."""
    refused = ask_as("load.example:8089")
    assert refused.status_code == 403
    assert "LOADTEST_WEB_NAMES=load.example" in refused.text
    monkeypatch.setenv(NAMES_VARIABLE, "other.example, Load.example")
    assert ask_as("load.example:8089").status_code == 200


def test_no_other_page_may_show_it_in_a_frame() -> None:
    headers = ask_as("127.0.0.1").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
