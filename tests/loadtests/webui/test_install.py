"""The suite inside Locust's web UI: a real Locust, over HTTP and in a real browser."""

from __future__ import annotations

import json
import re
import signal
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from locust.env import Environment

from loadtests.webui.guard import READING
from reports.data.folder import read_run
from tests.ports import find_free_port

pytestmark = pytest.mark.real

Start = Callable[..., Any]
PATIENT = "traffic: {timeout: 5m}"
"""Users who wait as long as a service holds its replies back."""
ScenarioFile = Callable[..., str]


class Web:
    """A Locust with its web UI: asked over HTTP, or shown to a browser."""

    def __init__(self, start: Start, *arguments: str, base: str = "", headers: str = "") -> None:
        port = find_free_port()
        self.suite = start(
            "locust",
            *("-f", "loadtests/locustfile.py", "--web-port", str(port), *arguments),
            environment={"LOADTEST_HEADERS": headers},
        )
        self.url = f"http://127.0.0.1:{port}{base}/"
        self.port = port
        self.suite.until(lambda: listens("127.0.0.1", port))

    @property
    def folders(self) -> list[Path]:
        """The runs' folders, in the order of their making."""
        made = [facts_file.parent for facts_file in self.suite.out.glob("[!.]*-*/run.json")]
        return sorted(made, key=lambda folder: facts(folder)["started_at"])

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of the answer to a GET."""
        try:
            with urllib.request.urlopen(self.url + path) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def post_from(self, page: str, path: str, **form: str) -> int:
        """Status of the answer to a form that a page of this origin sends."""
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, body, {"Origin": page})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def post(self, path: str, **form: str) -> dict[str, Any]:
        """The answer to a form."""
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.url + path, body) as reply:
            return json.loads(reply.read())

    def begin(self, **form: str) -> None:
        """Start a run that must begin."""
        answer = self.post("swarm", **form)
        assert answer["success"], answer

    @property
    def status(self) -> dict[str, Any]:
        """What the verdict bar is told."""
        return json.loads(self.get("verdict")[1])

    @property
    def table(self) -> list[dict[str, str]]:
        """The Verdict tab's rows."""
        [extra] = json.loads(self.get("stats/requests")[1])["extended_stats"]
        return extra["data"]

    def until_phase(self, *phases: str) -> None:
        """Wait until the newest run is in one of these phases."""
        self.suite.until(lambda: self.status["phase"] in phases)

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask the process to end; its exit code."""
        self.suite.process.send_signal(by)
        return self.suite.wait().code


def listens(address: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def facts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


def verdict(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "verdict.json").read_text())


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page whose console must stay silent."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(30_000)
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


@pytest.fixture
def expect() -> Callable[[Any], Any]:
    """Playwright's patient assertions."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect


def start_in(page: Any, scenario: str) -> None:
    """Choose a scenario in the form that is shown, and start it."""
    page.locator("select[name=scenario]").select_option(scenario)
    page.locator("form").get_by_role("button", name="Start", exact=True).click()


@pytest.mark.extended
def test_a_run_is_chosen_watched_judged_and_read_then_another(
    start: Start,
    page: Any,
    expect: Callable[[Any], Any],
    obedient: Any,
    scenario_file: ScenarioFile,
) -> None:
    """Drop-down, live Verdict tab, the exact verdict without doing anything, the report, a second run.

    The first run goes on until all has been seen that is to be seen while it does, however slow the machine.
    """
    seen = obedient.hold_after(20)
    path = scenario_file(
        load="{users: [{constant: 10, for: 3s}]}", objectives="[p95 latency <= 100 ms]", more=PATIENT
    )
    web = Web(start, "--host", obedient.host, "--scenario", path, "--time-scale", "1")
    page.goto(web.url)
    start_in(page, path)
    page.get_by_role("tab", name="Verdict").click()
    latency = page.get_by_role("row").filter(has_text="p95 latency <= 100 ms")
    expect(latency.get_by_role("cell").nth(1)).to_contain_text(re.compile(r"≈ [\d.]+ ms"))
    expect(latency.get_by_role("cell").nth(3)).to_contain_text("so far")
    bar = page.get_by_role("complementary", name="Verdict")
    expect(bar).to_contain_text("10 users · ")
    seen.set()

    expect(bar.get_by_role("link", name="Open the report")).to_be_visible()
    [first] = web.folders
    judged = verdict(first)
    expect(bar.get_by_role("status")).to_contain_text(judged["sentence"])
    for row, objective in enumerate(judged["objectives"], start=1):
        cells = page.get_by_role("row").nth(row).get_by_role("cell")
        expect(cells.nth(0)).to_have_text(objective["text"])
        expect(cells.nth(3)).to_contain_text(objective["outcome"])
    with page.context.expect_page() as opened:
        bar.get_by_role("link", name="Open the report").click()
    report = opened.value
    expect(report.get_by_role("heading", level=1)).to_contain_text(judged["sentence"].rstrip("."))
    assert report.url.endswith(f"/runs/{first.name}/report")
    report.close()

    page.get_by_role("button", name="New").click()
    start_in(page, "staged")
    expect(page.get_by_role("row").filter(has_text="peak throughput")).to_contain_text("not reached yet")
    page.get_by_role("button", name="Stop").click()
    web.until_phase("done")
    [_, second] = web.folders
    expect(bar.get_by_role("status")).to_contain_text(verdict(second)["sentence"])
    expect(page.get_by_role("button", name="New")).to_be_visible()
    bar.get_by_text("1 earlier run").click()
    expect(bar.get_by_role("link", name=first.name)).to_have_attribute("href", f"./runs/{first.name}/report")
    page.close()
    assert web.end() == verdict(second)["exit_code"]
    assert [facts(folder)["scenario"] for folder in web.folders] == ["short", "staged"]
    assert facts(second)["interrupted"] == "stopped by hand"


@pytest.mark.extended
def test_the_form_shows_the_scenario_however_late_the_script_comes(
    start: Start, page: Any, expect: Callable[[Any], Any]
) -> None:
    """Locust folds it away; it is unfolded whether the form or the script is there first."""
    web = Web(start)
    waiting: list[Any] = []
    page.route("**/verdict.js", lambda route: waiting.append(route))
    page.goto(web.url, wait_until="commit")
    field = page.locator("select[name=scenario]")
    field.wait_for(state="attached")
    page.get_by_role("button", name="Custom parameters").wait_for()
    expect(field).not_to_be_visible()
    [script] = waiting
    script.continue_()
    expect(field).to_be_visible()


@pytest.mark.extended
def test_a_host_that_is_down_is_told_in_the_form(
    start: Start, page: Any, expect: Callable[[Any], Any]
) -> None:
    """The form says that the host does not answer; no run is begun."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # not listening: refuses, and nobody else can take the port
        down = f"http://127.0.0.1:{held.getsockname()[1]}"
        web = Web(start, "--host", down)
        page.goto(web.url)
        start_in(page, "smoke")
        expect(page.get_by_role("alert")).to_contain_text(f"{down} does not answer: connection refused")
    page.close()
    assert web.folders == []
    assert web.end() == 0


@pytest.mark.extended
def test_manual_takes_users_ramp_up_and_run_time_from_the_form(
    start: Start, page: Any, expect: Callable[[Any], Any], obedient: Any
) -> None:
    """The form's own fields make the load."""
    web = Web(start, "--host", obedient.host)
    page.goto(web.url)
    page.get_by_role("textbox", name="Number of users").fill("3")
    page.get_by_role("textbox", name="Ramp up").fill("3")
    page.get_by_role("button", name="Advanced options").click()
    page.get_by_role("textbox", name="Run time").fill("4s")
    start_in(page, "manual")
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    [folder] = web.folders
    run = facts(folder)
    assert (run["scenario"], run["planned_s"], run["interrupted"]) == ("manual", 4.0, None)
    assert max(run["plan"]["users"]) == 3
    assert 3 < len(obedient.bodies) <= 3 * 5, "one a second and user, and of a busy machine fewer"


@pytest.mark.extended
def test_an_edit_during_a_run_is_refused_with_the_reason(
    start: Start, page: Any, expect: Callable[[Any], Any], obedient: Any
) -> None:
    web = Web(start, "--host", obedient.host)
    page.goto(web.url)
    start_in(page, "steady")
    page.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Update").click()
    bar = page.get_by_role("complementary", name="Verdict")
    expect(bar.get_by_role("status")).to_contain_text("The run goes on unchanged")
    assert web.status["phase"] == "running"


@pytest.mark.extended
def test_picked_classes_replace_the_scenarios_and_its_load_stays(
    start: Start, page: Any, expect: Callable[[Any], Any], obedient: Any, scenario_file: ScenarioFile
) -> None:
    """Under --class-picker two users of the class that was ticked come, for as long as the scenario says."""
    path = scenario_file()
    web = Web(start, "--host", obedient.host, "--class-picker", "--scenario", path)
    page.goto(web.url)
    page.get_by_role("checkbox").first.uncheck()
    page.get_by_role("row").filter(has_text="StressUser").get_by_role("checkbox").check()
    start_in(page, path)
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()
    [folder] = web.folders
    run = facts(folder)
    assert run["resolved"]["traffic"]["user"] == {"stress": 1.0}
    assert (run["scenario"], run["planned_s"], run["interrupted"]) == ("short", 3.0, None)
    assert max(run["plan"]["users"]) == 2
    assert run["plan"]["rate"] == [], "who thinks keeps no pace, so no rate is planned"
    begun_s = np.sort(read_run(folder).samples.intended_s)
    assert (begun_s[3:] - begun_s[:-3]).min() < 1.0, "at one request a second, two users send no four in one"


@pytest.mark.extended
def test_each_start_is_a_run_of_its_own_and_none_disturbs_another(
    start: Start, obedient: Any, answer: Callable[..., Any], scenario_file: ScenarioFile
) -> None:
    """No start beside a run; one while the last is judged waits; figures begin anew; the last run counts."""
    path = scenario_file(
        load="{users: [{constant: 2, for: 2s}]}", objectives="[error rate <= 0 %]", more=PATIENT
    )
    web = Web(start, "--host", obedient.host, "--scenario", path)
    assert web.get("report") == (404, "There is no report yet: it is written when a run has ended.\n")
    assert web.status["phase"] == "idle"

    seen = obedient.hold_after(2, lambda _: answer(status=500))
    web.begin(scenario=path)
    refused = web.post("swarm", scenario=path, user_count="9", spawn_rate="9")
    assert not refused["success"]
    assert "goes on unchanged" in refused["message"]
    assert web.status["notice"] == refused["message"]
    web.suite.until(lambda: any(row["outcome"] == "missed so far" for row in web.table))
    seen.set()
    web.until_phase(
        "judging", "done"
    )  # a second is long enough to be seen, but for a machine that stands still

    obedient.answer = lambda _: answer()
    failed = len(obedient.bodies)
    web.begin(scenario="manual", user_count="2", spawn_rate="2", run_time="")
    web.suite.until(lambda: len(obedient.bodies) > failed + 2)
    assert web.status["notice"] == ""
    [error_rate] = [row for row in web.table if row["objective"].startswith("error rate")]
    assert (error_rate["observed"], error_rate["outcome"]) == ("≈ 0 %", "kept so far")
    web.post("stop")
    assert [run["word"] for run in web.status["earlier"]] == ["fail"]
    assert "stopped" not in web.status["sentence"], (
        "a run without a planned end is complete when it is stopped"
    )

    web.begin(scenario="manual", user_count="2", spawn_rate="2", run_time="60")
    recorded = len(obedient.bodies)
    web.suite.until(lambda: len(obedient.bodies) > recorded + 2)
    web.post("stop")
    assert [facts(folder)["planned_s"] for folder in web.folders] == [2.0, None, 60.0]
    assert facts(web.folders[2])["interrupted"] == "stopped by hand", "whatever an earlier run completed"
    assert all((folder / "report.html").exists() for folder in web.folders)
    assert web.end() == 3


@pytest.mark.extended
def test_ctrl_c_judges_the_run_under_way(start: Start, obedient: Any, scenario_file: ScenarioFile) -> None:
    """The process ends with that run's code, its report written, and says where the run is."""
    path = scenario_file(load="{users: [{constant: 2, for: 60s}]}")
    web = Web(start, "--host", obedient.host, "--scenario", path)
    web.begin(scenario=path)
    web.suite.until_requests(obedient, 2)
    assert web.end(by=signal.SIGINT) == 3
    [folder] = web.folders
    assert facts(folder)["interrupted"] == "SIGINT"
    assert (folder / "report.html").exists()
    assert f"the last run: {folder}\n" in web.suite.stdout


def test_reports_are_served_by_name_and_nothing_else_is(
    start: Start, obedient: Any, scenario_file: ScenarioFile
) -> None:
    """A run's report has an address of its own; other names and paths lead nowhere."""
    path = scenario_file(load="{users: [{constant: 1, for: 2s}]}")
    web = Web(start, "--host", obedient.host, "--scenario", path, "--web-base-path", "/lt", base="/lt")
    assert "./verdict.js" in web.get("")[1]
    web.begin(scenario=path)
    web.until_phase("done")
    [folder] = web.folders
    assert web.get("report") == (200, (folder / "report.html").read_text())
    assert web.get(web.status["report"].removeprefix("./")) == web.get("report")
    for name in ("short", "..", "latest", f"{folder.name}%2f..%2f{folder.name}", f"..%2f{folder.name}"):
        assert web.get(f"runs/{name}/report")[0] == 404, name


@pytest.mark.extended
def test_the_history_leads_to_the_reports_of_all_runs_and_nowhere_else(
    start: Start, obedient: Any, scenario_file: ScenarioFile
) -> None:
    """It is made when asked for, but not while a run goes on, which that would disturb."""
    seen = obedient.hold_after(2)
    path = scenario_file(load="{users: [{constant: 1, for: 2s}]}", more=PATIENT)
    web = Web(start, "--host", obedient.host, "--scenario", path)
    assert web.get("runs/")[0] == 404
    web.begin(scenario=path)
    web.until_phase("running")
    status, said = web.get("runs/")
    assert status == 503
    assert "A run is under way" in said
    seen.set()
    web.until_phase("done")
    [folder] = web.folders
    status, page = web.get("runs/")
    assert status == 200
    assert f'<a href="{folder.name}/report.html">' in page
    assert web.get(f"runs/{folder.name}/report.html") == (200, (folder / "report.html").read_text())
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "report.html").symlink_to(folder / "run.json")
    for name in ("latest", "..", ".", "elsewhere", "short", f"..%2f{folder.parent.name}%2f{folder.name}"):
        assert web.get(f"runs/{name}/report.html")[0] == 404, name


REFUSED = [
    ({"scenario": "/etc/hostname"}, "There is no scenario '/etc/hostname' here. There is: "),
    ({"host": ""}, "No host to test. Fill in Host"),
    ({"host": "127.0.0.1:8000"}, "the host '127.0.0.1:8000' is no URL"),
    ({"host": "http://somebody:secret@127.0.0.1:8000"}, "the host holds an '@', as credentials do"),
    ({"out": "elsewhere", "headless": "true"}, "The form can't set headless, out; give such arguments when"),
    ({"scenario": "manual", "user_count": "0"}, "Number of users is '0'; give a whole number, 1 or more."),
    ({"scenario": "manual", "spawn_rate": "fast"}, "Ramp up is 'fast'; give users started a second"),
    ({"scenario": "manual", "run_time": "soon"}, "Run time is 'soon'; give it like 20, 20s"),
]


def test_what_cannot_be_started_is_told_in_a_sentence(start: Start, obedient: Any) -> None:
    """Each bad form is answered with what is wrong in it; nothing is begun."""
    web = Web(start, "--host", obedient.host)
    for form, sentence in REFUSED:
        refused = web.post("swarm", **form)
        assert not refused["success"]
        assert refused["message"].startswith(sentence)
    assert web.folders == []
    assert web.status["phase"] == "idle"


@pytest.mark.extended
def test_pages_of_other_sites_neither_start_nor_stop_a_run(
    start: Start, obedient: Any, scenario_file: ScenarioFile
) -> None:
    """They are refused, whatever they ask for; the web UI's own page is not."""
    path = scenario_file(load="{users: [{constant: 2, for: 60s}]}")
    web = Web(start, "--host", obedient.host, "--scenario", path)
    assert web.post_from("http://elsewhere.example", "swarm", scenario=path) == 403
    assert web.folders == []
    own = web.url.rstrip("/")
    assert web.post_from(own, "swarm", scenario=path) == 200
    for page in ("http://elsewhere.example", "null"):
        assert web.post_from(page, "stop") == 403
        assert web.post_from(page, "stats/reset") == 403
    assert web.status["phase"] == "running"
    assert web.post_from(own, "stop") == 200
    web.until_phase("done")


@pytest.mark.extended
def test_headers_go_nowhere_but_to_the_host_given_at_the_start(
    start: Start, obedient: Any, scenario_file: ScenarioFile
) -> None:
    """The form's host may be another, but then nothing is sent to it: not even the readiness question."""
    path = scenario_file(load="{users: [{constant: 2, for: 2s}]}")
    web = Web(start, "--host", obedient.host, "--scenario", path, headers="Authorization: Bearer s3cr3t")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        other = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        refused = web.post("swarm", scenario=path, host=other)
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert refused["message"] == (
        f"LOADTEST_HEADERS is meant for {obedient.host} only. "
        f"To aim at {other}, start Locust anew with --host {other}."
    )
    web.begin(scenario=path, host=f"{obedient.host}/")
    web.until_phase("done")
    assert {headers["authorization"] for headers in obedient.headers} == {"Bearer s3cr3t"}


@pytest.mark.extended
def test_headers_without_a_host_at_the_start_go_nowhere(start: Start, obedient: Any) -> None:
    """Nobody has said yet whom they are meant for."""
    web = Web(start, headers="Authorization: Bearer s3cr3t")
    refused = web.post("swarm", scenario="smoke", host=obedient.host)
    assert refused["message"].startswith("LOADTEST_HEADERS is set, but meant for no host yet. ")
    assert web.folders == []


@pytest.mark.extended
def test_only_this_machine_reaches_the_web_ui_unless_told_otherwise(start: Start) -> None:
    """It listens on 127.0.0.1; --web-host opens it."""
    web = Web(start)
    assert not listens("127.0.0.2", web.port)
    opened = Web(start, "--web-host", "*", "--web-without-login")
    assert listens("127.0.0.2", opened.port)


@pytest.mark.extended
@pytest.mark.parametrize("host", ["", "*", "0.0.0.0", "::"])
def test_it_opens_to_nobody_else_in_silence(start: Start, host: str) -> None:
    """An empty host, as an unset variable of a shell leaves it, is all addresses to Locust."""
    port = str(find_free_port())
    suite = start("locust", "-f", "loadtests/locustfile.py", "--web-port", port, "--web-host", host).wait()
    assert suite.code == 2
    told = "on all addresses" if host in ("", "*") else f"on {host}"
    assert f"the web UI would listen {told}, where anybody who reaches it could start load" in suite.stderr


@pytest.mark.extended
def test_with_a_login_it_may_listen_anywhere(start: Start) -> None:
    web = Web(start, "--web-host", "0.0.0.0", "--web-login")
    assert listens("127.0.0.2", web.port)


@pytest.mark.extended
def test_no_page_of_another_site_acts_by_any_route(start: Start) -> None:
    """Each route of Locust that takes more than questions; the suite adds none that does."""
    app = Environment().create_web_ui(delayed_start=True).app
    acting = {rule.rule for rule in app.url_map.iter_rules() if rule.methods - READING}
    assert {"/swarm", "/stop", "/stats/reset"} <= acting
    web = Web(start)
    for path in acting:
        assert web.post_from("http://elsewhere.example", path.lstrip("/")) == 403, path


@pytest.mark.extended
def test_whoever_must_log_in_sees_and_starts_nothing_before(start: Start, obedient: Any) -> None:
    """With --web-login the verdict, the reports and the start form are behind the login."""
    web = Web(start, "--host", obedient.host, "--web-login")
    for path in ("verdict", "report", "runs/", "runs/any/report", "runs/any/report.html", "stats/requests"):
        assert "auth exception" in web.get(path)[1], path
    body = urllib.parse.urlencode({"scenario": "manual", "user_count": "1", "spawn_rate": "1"}).encode()
    with urllib.request.urlopen(f"{web.url}swarm", body) as reply:
        assert b"auth exception" in reply.read()
    assert web.folders == []


@pytest.mark.extended
def test_a_web_ui_in_which_no_run_was_made_ends_without_a_verdict(start: Start, obedient: Any) -> None:
    port = find_free_port()
    suite = start("loadtests", "--web", "--web-port", str(port), "--host", obedient.host)
    suite.until(lambda: listens("127.0.0.1", port))
    suite.process.send_signal(signal.SIGTERM)
    suite.wait()
    assert (suite.code, suite.stdout.strip()) == (0, "no run was made (exit code 0)")
