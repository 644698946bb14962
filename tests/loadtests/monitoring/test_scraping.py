"""A metrics page is read for what is monitored; what is none of the format hides nothing that follows it."""

from __future__ import annotations

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from loadtests.monitoring.scraping import LONGEST_LINE, parse_metrics

PAGE = b"""# HELP inference_queue_depth Requests waiting.
# TYPE inference_queue_depth gauge
inference_queue_depth 17.0
# TYPE inference_batch_size histogram
inference_batch_size_bucket{model="a",le="+Inf"} 4.0
inference_batch_size_sum{model="a"} 30.0
inference_batch_size_sum{model="b"} 12.0
inference_batch_size_count{model="a"} 4.0
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.25
process_resident_memory_bytes 1.048576e+06
http_requests_total{handler="/x y",status="200"} 9.0
"""
READ = {
    "inference_queue_depth": 17.0,
    "inference_batch_size_sum": 42.0,
    "inference_batch_size_count": 4.0,
    "process_cpu_seconds_total": 1.25,
    "process_resident_memory_bytes": 1_048_576.0,
}


def test_the_monitored_figures_are_summed_over_their_labels() -> None:
    assert parse_metrics(PAGE) == READ
    assert parse_metrics(bytearray(PAGE.replace(b"\n", b"\r\n"))) == READ


def test_what_the_library_exposes_is_read() -> None:
    registry = CollectorRegistry()
    Gauge("inference_queue_depth", "Waiting.", ["model"], registry=registry).labels('a "b" \\ }\n1').set(3)
    Counter("process_cpu_seconds", "Busy.", registry=registry).inc(2.5)
    sizes = Histogram("inference_batch_size", "Rows.", registry=registry)
    sizes.observe(4)
    sizes.observe(6)
    assert parse_metrics(generate_latest(registry)) == {
        "inference_queue_depth": 3.0,
        "process_cpu_seconds_total": 2.5,
        "inference_batch_size_sum": 10.0,
        "inference_batch_size_count": 2.0,
    }


def test_what_is_no_metrics_page_holds_none() -> None:
    assert parse_metrics(b'{"readiness_status": "ACCEPTING_TRAFFIC"}') == {}
    assert parse_metrics(b"") == {}


@pytest.mark.parametrize(
    ("line", "depth"),
    [
        (b"inference_queue_depth 17 1700000000000", 17.0),
        (b'inference_queue_depth{path="/x } y",quote="\\"} 9"} 17 1700000000000', 17.0),
        (b"inference_queue_depth\t17.0", 17.0),
        (b'inference_queue_depth{path="\xff\xfe"} 17', 17.0),
        (b"inference_queue_depth", None),
        (b"inference_queue_depth5", None),
        (b"inference_queue_depth5 17", None),
        (b"inference_queue_depth seventeen", None),
        (b"inference_queue_depth \xff", None),
        (b"inference_queue_depth NaN", None),
        (b"inference_queue_depth +Inf", None),
        (b"inference_queue_depth " + b"9" * 400, None),
        (b"inference_queue_depth " + b"9" * 400 + b".0", None),
        (b"inference_queue_depth 17 " + b"9" * 400, None),
        (b'inference_queue_depth{path="/x 17', None),
        (b'inference_queue_depth{path= "a",} 17', 17.0),
        (b'inference_queue_depth{path="a", ="b"} 17', None),
        (b'inference_queue_depth{path="' + b"x" * LONGEST_LINE + b'"} 17', None),
    ],
)
def test_a_malformed_line_is_passed_over(line: bytes, depth: float | None) -> None:
    """The line after it is read all the same; a timestamp is no value."""
    found = parse_metrics(line + b"\nprocess_cpu_seconds_total 1.25\n")
    assert found.pop("process_cpu_seconds_total") == 1.25
    assert found == ({} if depth is None else {"inference_queue_depth": depth})


pieces = st.sampled_from(
    ['{a="', '"}', "{", "}", '"', "\\", ",", "=", " ", "\t", "17", "-1e999", "#", "é", "_"]
)


@given(st.lists(pieces | st.text(max_size=8)).map("".join))
def test_no_line_ends_the_reading(rest: str) -> None:
    """Whatever follows a name that is monitored, the figures on the other lines are found."""
    line = f"inference_queue_depth{rest}".encode(errors="replace").replace(b"\n", b" ").replace(b"\r", b" ")
    found = parse_metrics(line + b"\nprocess_cpu_seconds_total 1.25\n")
    assert found["process_cpu_seconds_total"] == 1.25
    assert found.keys() <= {"process_cpu_seconds_total", "inference_queue_depth"}


@given(st.binary(max_size=200))
def test_any_bytes_can_be_asked(page: bytes) -> None:
    assert parse_metrics(page) == {}


def test_other_greenlets_run_while_a_long_page_is_read() -> None:
    """A load generator has requests to send meanwhile."""
    turns = []

    def take_turns() -> None:
        while True:
            turns.append(len(turns))
            gevent.sleep(0)

    other = gevent.spawn(take_turns)
    try:
        parse_metrics(b'inference_queue_depth{model="a"} 1\n' * 100)
    finally:
        other.kill()
    assert len(turns) >= 100
