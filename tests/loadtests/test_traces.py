"""A request that the service traced is found in the report by its trace's id."""

from __future__ import annotations

import importlib.util
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from loadtests.answers.server_timing import parse_server_timing
from loadtests.recording.recorder import BATCH_ROWS, Recorder
from loadtests.recording.row import SampleRow
from loadtests.recording.writer import RunWriter
from reports.data.facts import Facts, Stage
from reports.data.folder import compact, read_run
from tests.ports import find_free_port

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TIMES = "queue;dur=0.5, inference;dur=0.25"


def told(trace: str, flags: str = "01") -> bytes:
    return f'{TIMES}, traceparent;desc="00-{trace}-{SPAN}-{flags}"'.encode()


@pytest.mark.parametrize(
    ("header", "trace_id"),
    [
        pytest.param(told(TRACE), TRACE, id="sampled"),
        pytest.param(told(TRACE, "03"), TRACE, id="sampled, with a flag of a later version"),
        pytest.param(told(TRACE).replace(b'"', b""), TRACE, id="without quotes"),
        pytest.param(told(TRACE, "00"), "", id="a trace that nobody keeps"),
        pytest.param(told(TRACE[:-1]), "", id="too short"),
        pytest.param(told("x" * 32), "", id="no digits"),
        pytest.param(TIMES.encode(), "", id="not traced"),
        pytest.param(None, "", id="no header"),
    ],
)
def test_a_reply_names_the_trace_in_which_it_is_kept(header: bytes | None, trace_id: str) -> None:
    assert parse_server_timing(header)[3].hex() == trace_id


def test_an_entry_that_makes_no_sense_spoils_no_other() -> None:
    assert parse_server_timing(told("x" * 32))[:2] == (0.5, 0.25)


def row(number: int, trace_id: bytes = b"") -> SampleRow:
    return SampleRow(number / 1000, number / 1000, 5.0, 5.0, 0, 0, 0, 200, 1, 300, 150, trace_id=trace_id)


def facts(**changes: Any) -> Facts:
    return Facts("traced", "", "closed", "http://127.0.0.1:1", "", (Stage("all", 0.0, 60.0),), (), **changes)


def test_ids_stay_beside_their_requests_from_the_row_to_the_report(tmp_path: Path) -> None:
    """One request in three is traced in the first batch, none in the second; the ids' last bytes differ."""
    recording = RunWriter(tmp_path, facts())
    recorder = Recorder(["prediction"], lambda raw: recording.append(raw, ["prediction"], 0))
    ids = {number: f"{number + 1:032x}" for number in range(0, BATCH_ROWS, 3)}
    for number in range(2 * BATCH_ROWS):
        recorder.record(row(number, bytes.fromhex(ids.get(number, ""))))
    recording.close(facts(ended_s=10.0))
    expected = [ids.get(number) for number in range(2 * BATCH_ROWS)]
    assert read_run(tmp_path).samples.trace_id.tolist() == expected
    compact(tmp_path)
    assert (tmp_path / "samples.parquet").exists()
    assert read_run(tmp_path).samples.trace_id.tolist() == expected


# From here on with real processes: the service, a receiver of its spans, the load test.


@dataclass(frozen=True)
class Received:
    """A span as the receiver tells it, with the identities of the spans it is linked to."""

    trace: str
    identity: str
    name: str
    links: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Received:
        fields = dict(re.findall(r"^\s+(Trace ID|ID|Name)\s*: (\w+)$", text, flags=re.MULTILINE))
        links = re.findall(r"^\s+-> ID: (\w+)$", text, flags=re.MULTILINE)
        return cls(fields["Trace ID"], fields["ID"], fields["Name"], tuple(links))


@dataclass(frozen=True)
class Receiver:
    """A real OTLP receiver: where it listens, and the file in which it says what came."""

    endpoint: str
    log: Path

    def requests(self, count: int) -> dict[str, list[Received]]:
        """Spans by trace, once there are so many traces of requests; or after ten seconds."""
        pause = threading.Event()
        for _ in range(200):
            _, *texts = re.split(r"^Span #\d+$", self.log.read_text(), flags=re.MULTILINE)
            spans = [Received.read(text) for text in texts]
            traces = [each.trace for each in spans if each.name == "prediction_request"]
            if len(traces) >= count:
                break
            pause.wait(0.05)
        return {trace: [each for each in spans if each.trace == trace] for trace in traces}


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    found = importlib.util.find_spec("rotel")
    if found is None or found.origin is None:
        pytest.fail("needs rotel: pip install -r requirements-dev.txt")
    port = find_free_port()
    log = tmp_path / "rotel.log"
    command = [
        *(str(Path(found.origin).with_name("rotel-agent")), "start"),
        *(
            "--otlp-http-endpoint",
            f"127.0.0.1:{port}",
            "--otlp-grpc-endpoint",
            f"127.0.0.1:{find_free_port()}",
        ),
        *("--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity", "detailed"),
    ]
    pause = threading.Event()
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        while process.poll() is None and not is_listening(port):
            pause.wait(0.05)
        yield Receiver(f"http://127.0.0.1:{port}", log)
        process.terminate()


OTEL = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
"""Spans are sent as they come, so that none is left when the service stops."""


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("patient_service")
@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one process", "master and workers"])
def test_the_slowest_request_is_found_among_the_spans(
    start: Callable[..., Any],
    scenario_file: Callable[..., str],
    receiver: Receiver,
    processes: tuple[str, ...],
) -> None:
    """From the report to the receiver: the request's span, and the model's call that is linked to it."""
    file = scenario_file(load="{users: [{constant: 20, for: 3s}]}")
    store = "http://traces.example/{trace_id}"
    suite = start(
        *("loadtests", "--scenario", file, "--trace-link", store, *processes),
        environment={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **OTEL},
    ).wait()
    assert suite.code == 0, suite.said
    run = read_run(suite.folder)
    assert len(run.samples) > 20
    assert all(run.samples.trace_id), "every request is traced unless a sampler says otherwise"
    assert len(set(run.samples.trace_id)) == len(run.samples)
    trace_id = run.samples.trace_id[run.samples.latency_ms.argmax()]
    assert f'href="http://traces.example/{trace_id}"' in (suite.folder / "report.html").read_text()
    traces = receiver.requests(len(run.samples))
    (request,) = (each for each in traces[trace_id] if each.name == "prediction_request")
    # The call is in the trace of the batch's first request; on a busy machine that may be another one.
    calls = [each for spans in traces.values() for each in spans if each.name == "model_inference"]
    assert sum(request.identity in call.links for call in calls) == 1


@pytest.mark.real
@pytest.mark.extended
@pytest.mark.usefixtures("patient_service")
def test_of_sampled_requests_alone_the_trace_is_told(
    start: Callable[..., Any], scenario_file: Callable[..., str], receiver: Receiver
) -> None:
    """One in four, by the SDK's own sampler: those told are those received."""
    file = scenario_file(load="{users: [{constant: 40, for: 3s}]}")
    sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}
    suite = start(
        *("loadtests", "--scenario", file),
        environment={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, **OTEL, **sampler},
    ).wait()
    assert suite.code == 0, suite.said
    told = [each for each in read_run(suite.folder).samples.trace_id if each is not None]
    assert 0 < len(told) < 80
    assert sorted(told) == sorted(receiver.requests(len(told)))
