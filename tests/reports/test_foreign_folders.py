"""The folder of a run may come from elsewhere: it is read as data, and nothing is written outside of it."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reports.__main__ import main
from reports.data.run import Run

pytestmark = pytest.mark.extended

MakeRun = Callable[..., Run]
MakeTable = Callable[..., pa.Table]
PLANTED = (
    "=cmd|'/c x'!A1 <script>document.title='run'</script><img src=\"http://127.0.0.1:9/x\" "
    "onerror=alert(1)>' onload=alert(2) </style></title></textarea>]]>--> "
    "{{ 7*7 }} [x](javascript:alert(3)) \x1b]0;t\x07\x1b[2J"
)
MEANT = {"model", "started_at", "objectives", "outcome", "trace_link"}
"""What is read as one of a few words, as a sentence or a time, and refused otherwise."""
WRITTEN = ("verdict.json", "report.html", "stats.csv", "timeline.csv", "junit.xml", "summary.md")


def plant(value: Any) -> Any:
    """The value with every text in it replaced."""
    if isinstance(value, dict):
        return {name: each if name in MEANT else plant(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plant(each) for each in value]
    return PLANTED if isinstance(value, str) else value


@pytest.fixture
def folder(tmp_path: Path, make_run: MakeRun, make_table: MakeTable) -> Path:
    """A run in which every text is hostile."""
    run = make_run(
        60,
        facts={
            "resolved": {"description": "x", "load": {"a": ["b", {"c": "d"}]}},
            "seeds": {"payloads": 1},
            "service": {"model": "m", "version": "1"},
            "versions": {"locust": "2"},
            "machine": {"cpu": "x"},
            "git_commit": "a",
            "command": "b",
            "note": "c",
            "interrupted": "d",
            "given_up": "e",
            "load_override": "f",
            "faults": ("g",),
            "expected": ("shed",),
            "exporters": ("h",),
            "trace_link": "javascript:alert('{trace_id}')",
        },
    )
    made = tmp_path / "run"
    made.mkdir()
    facts = plant(run.facts.to_json())
    facts["objectives"] = ["p99 latency <= 100 ms", "error rate <= 0 %"]
    (made / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    names = ("endpoint", "stage", "kind", "trace_id")
    table = make_table(
        60,
        **dict.fromkeys(names, PLANTED),
        outcome=["ok"] * 50 + ["http_5xx"] * 10,
        status=[200] * 50 + [500] * 10,
    )
    pq.write_table(table, made / "samples.parquet")
    failed = {
        "endpoint": "a",
        "kind": "b",
        "outcome": "http_5xx",
        "status": 500,
        "method": "c",
        "path": "d",
        "origin": "e",
        "headers": [["f", "g"]],
        "body": "h",
        "explanation": "i",
    }
    (made / "failures.json").write_text(json.dumps({"requests": [plant(failed)]}), encoding="utf-8")
    return made


def test_hostile_texts_stay_texts_in_every_file(folder: Path) -> None:
    assert main(["write", str(folder)]) == 0
    ElementTree.parse(folder / "junit.xml")
    for name in ("stats.csv", "timeline.csv"):
        assert not re.search(r'(^|[,"])[=+@]', (folder / name).read_text(encoding="utf-8"), re.M), name
    summary = (folder / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in summary
    assert not re.search(r"(?<!\\)\]\(javascript:", summary)
    for name in ("summary.md", "junit.xml"):
        assert "\x1b" not in (folder / name).read_text(encoding="utf-8"), name


def test_hostile_texts_do_not_control_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "<script>" in shown.out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown.out + shown.err)


@pytest.mark.parametrize("to_folder", [False, True])
def test_nothing_is_written_through_links(folder: Path, tmp_path: Path, to_folder: bool) -> None:
    """Each file that follows from a run replaces what had its name, and never what that pointed at."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in (*WRITTEN, ".verdict.json.new"):
        if not to_folder:
            (elsewhere / name).write_text("untouched", encoding="utf-8")
        (folder / name).symlink_to(elsewhere if to_folder else elsewhere / name)
    before = {path: path.read_bytes() for path in elsewhere.iterdir()}
    assert main(["write", str(folder)]) == 0
    assert {path: path.read_bytes() for path in elsewhere.iterdir()} == before
    assert not any((folder / name).is_symlink() for name in WRITTEN)


def test_compacting_leaves_what_links_point_at(folder: Path, tmp_path: Path, make_table: MakeTable) -> None:
    """A stream that is a link is read; the link goes, and what it pointed at stays."""
    stream = tmp_path / "elsewhere.arrows"
    table = make_table(10)
    with pa.OSFile(str(stream), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    target = tmp_path / "elsewhere.parquet"
    (folder / "samples.parquet").rename(target)
    (folder / "samples.arrows").symlink_to(stream)
    (folder / "samples.parquet").symlink_to(target)
    before = (stream.read_bytes(), target.read_bytes())
    assert main(["write", str(folder)]) == 0
    assert (stream.read_bytes(), target.read_bytes()) == before


@pytest.mark.parametrize("name", ["run.json", "failures.json", "samples.parquet", "telemetry.parquet"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_told_and_not_waited_for(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    """A pipe that nobody writes would hold the command up for ever, a device would fill the memory."""
    with suppress(FileNotFoundError):
        (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    assert main(["show", str(folder)]) == 2
    assert capsys.readouterr().err == f"{folder / name} is no regular file, so the run is not read.\n"


def test_a_text_file_of_unlikely_size_is_told_and_not_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "failures.json").open("wb") as file:
        file.truncate(200_000_000)
    assert main(["show", str(folder)]) == 2
    assert "failures.json holds 200,000,000 bytes, more than any run's" in capsys.readouterr().err


@pytest.mark.real
def test_a_browser_shows_hostile_texts_and_does_nothing_else(browser: Any, folder: Path) -> None:
    assert main(["write", str(folder)]) == 0
    noise, page = open_page(browser, folder / "report.html")
    assert noise == [f"request {(folder / 'report.html').as_uri()}"]
    assert page.evaluate("document.querySelectorAll('script, img, iframe, [onerror], [onload]').length") == 0
    assert page.evaluate("[...document.links].filter(each => each.protocol === 'javascript:').length") == 0
    assert page.title().startswith(("Invalid", "Failed"))
    assert "<script>document.title" in page.evaluate("document.body.innerText")


@pytest.mark.real
def test_the_pages_own_policy_stops_what_is_put_into_it(browser: Any, folder: Path) -> None:
    """Opened from disk, where no server states a policy: should a text ever escape, it can do nothing."""
    main(["write", str(folder)])
    report = folder / "report.html"
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        injected = (
            f"<base href='{url}/'><script>document.title = 'ran'</script><script src='{url}/s.js'></script>"
            f"<img src='{url}/i.png' onerror='alert(1)'><link rel='stylesheet' href='{url}/s.css'>"
            f"<iframe src='{url}/'></iframe><object data='{url}/o'></object>"
            f"<style>body {{background: url({url}/b)}}</style>"
            f"<form action='{url}/f'><button id='send'>send</button></form>"
        )
        text = report.read_text(encoding="utf-8")
        report.write_text(text.replace("</body>", f"{injected}</body>"), encoding="utf-8")
        noise, page = open_page(browser, report)
        page.evaluate("document.querySelector('#send').click()")
        page.evaluate("new Promise(requestAnimationFrame)")
        assert page.title() != "ran"
        assert page.url == report.as_uri()
        assert page.evaluate("document.baseURI").startswith("file:")
        assert [each for each in noise if each.startswith("dialog")] == []
        assert len([each for each in noise if "Content Security Policy" in each]) >= 8, noise
        page.context.close()
        assert read_sent(elsewhere) == b""


def read_sent(listener: socket.socket) -> bytes:
    """All that was sent to a listener; a browser may connect in advance and then send nothing."""
    sent = b""
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(BlockingIOError):
                sent += connection.recv(1000)
    return sent


def open_page(browser: Any, file: Path) -> tuple[list[str], Any]:
    """A page of the file, and what it did: requests, dialogs, messages."""
    noise: list[str] = []
    page = browser.new_context().new_page()
    page.on("request", lambda request: noise.append(f"request {request.url}"))
    page.on("dialog", lambda dialog: noise.append(f"dialog {dialog.message}"))
    page.on("console", lambda message: noise.append(f"console {message.text}"))
    page.on("pageerror", lambda error: noise.append(f"error {error}"))
    page.goto(file.as_uri())
    return noise, page
