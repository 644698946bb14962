"""Journeys and logins over real HTTP: later requests carry what earlier replies held."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from reports.data.folder import read_run

pytestmark = [pytest.mark.real, pytest.mark.extended]


class Shop:
    """Gives tokens to who logs in; items by search; takes orders of who shows a token and an item."""

    def __init__(self) -> None:
        self.logins = 0
        self.searches = 0
        self.orders: list[tuple[str, str]] = []
        self.refused = 0
        self.searched: dict[str, str] = {}
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if not self.path.startswith("/items"):
                    self._reply(404, {})
                    return
                shop.searches += 1
                found = [] if "none" in self.path else [{"id": f"item {shop.searches}"}]
                self._reply(200, {"items": found})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/login":
                    shop.logins += 1
                    user = json.loads(body)["user"]
                    self._reply(200, {"access_token": f"token-of-{user}"})
                elif (self.headers["Authorization"] or "").startswith("Bearer token-of-"):
                    shop.orders.append((self.headers["Authorization"], self.path))
                    self._reply(201, {"order": 1})
                else:
                    shop.refused += 1
                    self._reply(401, {})

            def _reply(self, status: int, value: Any) -> None:
                text = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.close()


SCENARIO = """
description: Log in, search, order.
load: {load}
traffic:
  login:
    - name: login
      path: /login
      payload: {{fields: {{user: {{sequence: 1}}}}}}
      take: {{token: access_token}}
  journeys:
    - name: buying
      steps:
        - {{name: search, method: GET, path: "/items?q={query}", take: {{item: "items[0].id"}}}}
        - name: order
          path: /items/{{item}}/orders
          payload: {{fields: {{count: {{constant: 1}}}}}}
          headers: {{Authorization: "Bearer {{token}}"}}
          expect: 201
          think: [10ms, 20ms]
objectives: [error rate <= {errors} %, max latency <= 300 s, offered load >= 1 %]
generator: {{lateness: 1m, busy: 1, starved: 1, lag: 1m, others: 64}}
"""


@pytest.mark.parametrize(
    "load",
    ["{users: [{constant: 3, for: 4s}]}", "{rate: [{constant: 10/s, for: 3s}], spacing: constant}"],
    ids=["closed", "open"],
)
def test_a_journey_carries_what_replies_held(
    start: Callable[..., Any], shop: Shop, tmp_path: Path, load: str
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO.format(load=load, query="shoe", errors=0))
    suite = start("loadtests", "--scenario", str(file), "--host", shop.host).wait()
    assert suite.code == 0, suite.said
    samples = read_run(suite.folder).samples
    counts = {name: int(samples.endpoint.equal(name).sum()) for name in ("login", "search", "order")}
    assert counts == {"login": shop.logins, "search": shop.searches, "order": len(shop.orders)}
    assert shop.refused == 0
    assert counts["order"] > 5
    assert counts["login"] < counts["search"]
    facts = suite.facts
    assert facts["turn_starts"] == ["search"]
    if facts["offered"] is not None:
        assert facts["offered"] == pytest.approx(counts["search"] / facts["plan"]["requests"])
    assert {path for _, path in shop.orders} <= {
        f"/items/item%20{n}/orders" for n in range(1, shop.searches + 1)
    }


def test_a_reply_without_the_value_ends_the_journey_and_is_a_failure(
    start: Callable[..., Any], shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO.format(load="{users: [{constant: 2, for: 3s}]}", query="none", errors=100))
    suite = start("loadtests", "--scenario", str(file), "--host", shop.host).wait()
    samples = read_run(suite.folder).samples
    searches = samples.endpoint.equal("search")
    assert set(samples.outcome[searches].decode().tolist()) == {"invalid_reply"}
    assert shop.orders == []
