"""A secret of each kind is sent, thrown back by the service in every reply, and found nowhere."""

from __future__ import annotations

import base64
import json
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.ports import find_free_port

pytestmark = [pytest.mark.real, pytest.mark.extended]

MARK = "pl4nted"
"""Every secret holds it."""
BASIC = base64.b64encode(f"somebody:{MARK}-basic".encode()).decode()
ENVIRONMENT = {
    "LOADTEST_HEADERS": f"X-Proxy: Basic {BASIC}\nCookie: sid={MARK}-cookie; theme=dark",
    "SERVICE_TOKEN": f"{MARK}-bearer",
    "TENANT_KEY": f"{MARK}-tenant",
    "SERVICE_PASSWORD": f"{MARK}-password",
}
TRAFFIC = """
traffic:
  headers: {X-Tenant: "${TENANT_KEY}"}
  credentials: {environment: SERVICE_TOKEN}
  login:
    - name: login
      path: /login
      payload: {fields: {user: {constant: somebody}, password: {constant: "${SERVICE_PASSWORD}"}}}
      take: {session: session}
  endpoints:
    - {name: score, path: "/score?session={session}", payload: {fields: {x: {constant: 1}}}}
  journeys:
    - name: ticket
      steps:
        - {name: order, path: /order, payload: {fields: {x: {constant: 1}}}, take: {ticket: ticket}}
        - {name: fetch, path: "/tickets/{ticket}/reply", method: GET, headers: {X-Session: "{session}"}}
"""
GIVEN = {"/login": {"session": f"{MARK}-session"}, "/order": {"ticket": f"{MARK}-ticket"}}
PAGES = (
    *("", "verdict", "stats/requests", "stats/failures/csv", "stats/report", "exceptions", "logs", "tasks"),
    *("metrics", "report"),
)


@pytest.fixture
def mirror() -> Iterator[tuple[str, list[str]]]:
    """The URL of a service that answers with all that it was sent, and what that was."""
    seen: list[str] = []

    class Mirror(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            sent = f"{self.requestline}\n{self.headers}\n{body}"
            seen.append(sent)
            given = GIVEN.get(self.path)
            status = 200 if given or self.path in ("/api/health/ready", "/metrics") else 500
            answer = json.dumps(given).encode() if given else sent.encode()
            self.send_response(status)
            self.send_header("X-Request-Id", self.path)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


def find_secrets(text: str) -> list[str]:
    """What stands around a secret in a text; it may be encoded as its header was."""
    places = [text.find(each) for each in (MARK, BASIC)]
    return [text[max(0, place - 60) : place + 60] for place in places if place >= 0]


def list_commands() -> str:
    """The arguments of all processes that can be seen."""
    return "\n".join(" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))


def test_no_secret_is_kept_shown_or_logged(
    start: Callable[..., Any],
    mirror: tuple[str, list[str]],
    scenario_file: Callable[..., str],
) -> None:
    """In files, on the terminal, in the list of processes, in metrics, on any page of the web UI."""
    host, seen = mirror
    file = scenario_file(load="{users: [{constant: 3, for: 4s}]}", more=f"abort: never\n{TRAFFIC}")
    port = find_free_port()
    url = f"http://127.0.0.1:{port}/"
    suite = start(
        *("locust", "-f", "loadtests/locustfile.py", "--web-port", str(port), "--loglevel", "DEBUG"),
        *("--scenario", file, "--host", host),
        environment=ENVIRONMENT,
    )

    def ask(page: str, form: bytes | None = None) -> str:
        with urllib.request.urlopen(url + page, form) as reply:
            return str(reply.read().decode())

    def is_up() -> bool:
        try:
            return bool(ask("verdict"))
        except OSError:
            return False

    suite.until(is_up)
    assert json.loads(ask("swarm", f"scenario={file}".encode()))["success"]
    kinds = ("bearer", "tenant", "password", "cookie", "session", "ticket")
    suite.until(lambda: all(any(f"{MARK}-{kind}" in each for each in seen) for kind in kinds))
    assert any(BASIC in each for each in seen)
    assert find_secrets(list_commands()) == []
    assert {page: found for page in PAGES[:-1] if (found := find_secrets(ask(page)))} == {}
    suite.until(lambda: json.loads(ask("verdict"))["phase"] == "done")
    assert {page: found for page in PAGES if (found := find_secrets(ask(page)))} == {}
    suite.process.send_signal(signal.SIGTERM)
    suite.wait()
    assert find_secrets(suite.said) == []
    kept = [path for path in Path(suite.out).rglob("*") if path.is_file()]
    assert {"failures.json", "run.json", "samples.parquet", "report.html"} <= {path.name for path in kept}
    found = {path.name: find_secrets(path.read_bytes().decode("latin-1")) for path in kept}
    assert {name: places for name, places in found.items() if places} == {}
    assert "[redacted]" in (suite.folder / "failures.json").read_text(encoding="utf-8")
