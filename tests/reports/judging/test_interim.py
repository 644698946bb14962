"""Deciding early: what a run that goes on has proven or broken already, and what is still open."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reports.__main__ import main
from reports.data.checkpoints import compute_checkpoints_s, find_tenth_before_s
from reports.data.facts import Facts, Plan, Stage
from reports.data.run import Run
from reports.judging.interim import InterimAnalysis, analyse_interim
from reports.judging.verdict import list_objectives

MakeRun = Callable[..., Run]
MakeTable = Callable[..., pa.Table]


def facts(*stages: Stage, levels: tuple[float, ...] = (), **more: Any) -> dict[str, Any]:
    """The facts of a run that still goes on; one planned level a stage."""
    starts = tuple(stage.start_s for stage in stages)
    plan = Plan(t_s=starts, rate=levels or (10.0,) * len(stages))
    return {
        "stages": stages,
        "plan": plan,
        "planned_s": stages[-1].end_s,
        "ended_s": None,
        "early_end": True,
    } | more


def states(run: Run, until_s: float) -> list[str]:
    return [state for _, state in analyse_interim(run, list_objectives(run), until_s).states]


STEADY = facts(Stage("steady", 0.0, 1000.0))


def going(make_run: MakeRun, *texts: str, **more: Any) -> Run:
    """Ten requests a second for 100 of the 1,000 s that are planned."""
    known = {**STEADY, "objectives": texts, **more.pop("facts", {})}
    return make_run(1000, facts=known, **more)


def test_checkpoints_cut_the_judged_load_in_equal_parts() -> None:
    """The warm-up is no part of it; the first one comes after a fifth, the last one is the end."""
    warm = (Stage("warm-up", 0.0, 30.0, judged=False), Stage("a", 30.0, 80.0), Stage("b", 80.0, 130.0))
    at_s = compute_checkpoints_s(Facts("x", "", "closed", "", "", warm, (), planned_s=130.0))
    assert at_s == pytest.approx(tuple(range(50, 131)))


def test_a_load_without_end_has_no_checkpoints() -> None:
    endless = Facts("x", "", "closed", "", "", (Stage("a", 0.0, 1e9),), (), planned_s=None)
    assert compute_checkpoints_s(endless) == ()


def test_checkpoints_skip_what_is_not_judged_between_stages() -> None:
    stages = (Stage("a", 0.0, 10.0), Stage("pause", 10.0, 50.0, judged=False), Stage("b", 50.0, 60.0))
    facts = Facts("x", "", "closed", "", "", stages, (), planned_s=60.0)
    at_s = compute_checkpoints_s(facts)
    assert at_s[:2] == pytest.approx((4.0, 4.2))
    assert at_s[-51:-48] == pytest.approx((10.0, 50.2, 50.4))
    assert find_tenth_before_s(facts, 51.0) == pytest.approx(9.0)
    assert find_tenth_before_s(facts, 1.0) == 0.0


def test_a_limit_that_nothing_comes_near_is_proven_at_the_confidence_of_a_look(make_run: MakeRun) -> None:
    """At 97.5 %, p99 needs 444 samples, however often one looks: 400 after 40 s, 450 after 45 s."""
    run = going(make_run, "p99 latency <= 100 ms")
    assert states(run, 40.0) == ["open"]
    assert states(run, 45.0) == ["proven"]
    assert states(run, 100.0) == ["proven"]


def test_stalls_that_may_be_unseen_keep_a_run_going_until_it_is_long_enough(make_run: MakeRun) -> None:
    """At 97.5 % it takes 66.4 s to exclude stalls that come more often than 200 times an hour."""
    run = going(make_run, "unseen stalls <= 200 per h")
    assert states(run, 66.0) == ["open"]
    assert states(run, 67.0) == ["proven"]


def test_a_breach_beyond_doubt_is_decided_and_a_breach_that_may_be_chance_is_open(make_run: MakeRun) -> None:
    often = [200.0 if i % 40 == 0 else 10.0 for i in range(1000)]
    hardly = [200.0 if i % 90 == 0 else 10.0 for i in range(1000)]
    assert states(going(make_run, "p90 latency <= 100 ms", latency_ms=200.0), 100.0) == ["broken"]
    assert states(going(make_run, "p99 latency <= 100 ms", latency_ms=often), 100.0) == ["broken"]
    assert states(going(make_run, "p99 latency <= 100 ms", latency_ms=hardly), 100.0) == ["open"]


@pytest.mark.parametrize(
    ("text", "columns", "state"),
    [
        ("error rate <= 0 %", {}, "kept"),
        ("error rate <= 0 %", {"outcome": ["timeout"] + ["ok"] * 999}, "broken"),
        ("error rate <= 1 %", {}, "proven"),
        ("error rate <= 1 %", {"outcome": ["timeout", "ok"] * 500}, "broken"),
        ("max latency <= 1 s", {}, "kept"),
        ("max latency <= 1 s", {"latency_ms": [2000.0] + [10.0] * 999}, "broken"),
        ("status 503 <= 0", {}, "kept"),
        ("status 200 <= 10", {}, "broken"),
        ("status 200 >= 10", {}, "proven"),
        ("status 200 >= 10000", {}, "open"),
        ("peak throughput >= 5 requests/s", {}, "proven"),
        ("peak throughput >= 50 requests/s", {}, "open"),
        ("throughput >= 5 requests/s", {}, "open"),
        ("mean latency <= 100 ms", {}, "open"),
        ("mean latency <= 1 ms", {}, "open"),
        ("p90 latency <= 100 ms in any 10 s", {}, "kept"),
        ("p90 latency <= 1 ms in any 10 s", {}, "broken"),
        ("p90 latency <= 1 ms in any 101 s", {}, "open"),
        ("p90 latency <= 100 ms on other", {}, "open"),
    ],
)
def test_what_can_be_said_of_each_kind_of_objective(
    make_run: MakeRun, text: str, columns: dict[str, Any], state: str
) -> None:
    """A mean is known at the end, a peak once it is reached; what allows nothing is only ever kept."""
    assert states(going(make_run, text, **columns), 100.0) == [state]


def test_the_implicit_objective_of_the_open_model_holds_up_nothing_while_it_is_kept(
    make_run: MakeRun,
) -> None:
    open_facts = {"model": "open"}
    assert states(going(make_run, facts=open_facts), 100.0) == ["kept"]
    dropped = ["dropped", "ok"] * 500
    assert states(going(make_run, facts=open_facts, outcome=dropped), 100.0) == ["open"], "may be made up for"


def test_requests_that_were_to_start_later_are_not_looked_at(make_run: MakeRun) -> None:
    """They may not all be answered yet; the slowest would be missing."""
    late = [10.0] * 900 + [500.0] * 100
    run = going(make_run, "p90 latency <= 100 ms", latency_ms=late)
    assert states(run, 90.0) == ["proven"]
    assert states(run, 100.0) == ["open"]


def test_a_stage_that_has_not_begun_is_open(make_run: MakeRun) -> None:
    known = facts(Stage("steady", 0.0, 500.0), Stage("late", 500.0, 1000.0))
    run = going(make_run, "p90 latency <= 100 ms during late", facts=known)
    assert states(run, 100.0) == ["open"]


def test_what_light_load_proves_is_not_proven_of_the_heavy_load_to_come(make_run: MakeRun) -> None:
    """Until the heaviest load has been on since the look before; a breach under light load is one anyway."""
    stages = (Stage("light", 0.0, 30.0), Stage("heavy", 30.0, 60.0), Stage("off", 60.0, 100.0))
    known = facts(*stages, levels=(5.0, 20.0, 1.0))
    names = ["light"] * 300 + ["heavy"] * 300 + ["off"] * 400
    run = going(make_run, "p90 latency <= 100 ms", facts=known, stage=names)
    assert [states(run, until_s)[0] for until_s in (20.0, 30.0, 40.0, 50.0)] == [
        "open",
        "open",
        "proven",
        "proven",
    ]
    slow = going(make_run, "p90 latency <= 1 ms", facts=known, stage=names)
    assert states(slow, 20.0) == ["broken"]


def test_what_is_said_of_a_light_stage_alone_waits_for_no_other(make_run: MakeRun) -> None:
    stages = (Stage("light", 0.0, 30.0), Stage("heavy", 30.0, 100.0))
    known = facts(*stages, levels=(5.0, 20.0))
    run = going(
        make_run, "p90 latency <= 100 ms during light", facts=known, stage=["light"] * 300 + ["heavy"] * 700
    )
    assert states(run, 20.0) == ["proven"]


def test_a_ramp_proves_nothing_before_its_top(make_run: MakeRun) -> None:
    ramp = Plan(t_s=tuple(range(100)), rate=tuple(float(level) for level in range(100)))
    known = facts(Stage("ramp", 0.0, 100.0)) | {"plan": ramp}
    run = going(make_run, "p90 latency <= 100 ms", facts=known, stage="ramp")
    assert states(run, 90.0) == ["open"]


def test_a_short_spike_to_the_heaviest_load_does_not_stand_for_it(make_run: MakeRun) -> None:
    """A tenth of the judged load must have met it: 100 s, of which 2 s come at the start."""
    at_s = range(1000)
    spiky = Plan(t_s=tuple(at_s), rate=tuple(80.0 if 10 <= t < 12 or t >= 500 else 10.0 for t in at_s))
    run = make_run(
        10_000, facts={**STEADY, "plan": spiky, "objectives": ("p99 latency <= 100 ms",)}, latency_ms=10.0
    )
    found = [states(run, until_s)[0] for until_s in (200.0, 500.0, 597.0, 598.0)]
    assert found == ["open", "open", "open", "proven"]


def test_less_heavy_load_than_a_tenth_is_enough_if_no_more_is_planned(make_run: MakeRun) -> None:
    at_s = range(1000)
    peak = Plan(t_s=tuple(at_s), rate=tuple(80.0 if 100 <= t < 105 else 10.0 for t in at_s))
    run = make_run(10_000, facts={**STEADY, "plan": peak, "objectives": ("p99 latency <= 100 ms",)})
    assert [states(run, until_s)[0] for until_s in (104.0, 190.0, 200.0)] == ["open", "open", "proven"]


@pytest.mark.parametrize(
    ("found", "decided"),
    [
        (("proven", "broken"), True),
        (("proven", "kept"), True),
        (("broken",), True),
        (("proven", "open"), False),
        (("broken", "open"), False),
        (("kept", "kept"), False),
        ((), False),
    ],
)
def test_a_run_is_decided_when_nothing_is_open_and_something_was_learnt(found: Any, decided: bool) -> None:
    """Where all limits allow nothing, the plan says how long to keep them."""
    assert InterimAnalysis(10.0, tuple((state, state) for state in found)).decided is decided


def write(folder: Path, run: Run, batches: list[pa.RecordBatch], cut_bytes: int = 0) -> None:
    """A run's folder as it is while the run goes on: a stream without an end."""
    (folder / "run.json").write_text(json.dumps(run.facts.to_json()), encoding="utf-8")
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_stream(sink, batches[0].schema)
    for batch in batches:
        writer.write_batch(batch)
    content = sink.getvalue().to_pybytes()
    (folder / "samples.arrows").write_bytes(content[: len(content) - cut_bytes])


@pytest.mark.parametrize("cut_bytes", [0, 1, 1000])
def test_a_live_folder_is_read_and_its_look_printed(
    tmp_path: Path,
    make_run: MakeRun,
    make_table: MakeTable,
    capsys: pytest.CaptureFixture[str],
    cut_bytes: int,
) -> None:
    """Also while its last batch is being written."""
    run = going(make_run, "p90 latency <= 100 ms", "error rate <= 0 %")
    batches = make_table(1200).to_batches(max_chunksize=400)
    write(tmp_path, run, batches, cut_bytes)
    assert main(["decide", str(tmp_path), "--until", "60.0"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "until_s": 60.0,
        "decided": True,
        "objectives": [
            {"text": "p90 latency <= 100 ms", "state": "proven"},
            {"text": "error rate <= 0 %", "state": "kept"},
        ],
    }
    assert not (tmp_path / "verdict.json").exists()


def test_a_run_in_which_every_request_failed_is_decided(make_run: MakeRun) -> None:
    """Nothing was answered, so no latency and no throughput is known, and none will be."""
    texts = ("p99 latency <= 100 ms", "error rate <= 1 %", "throughput >= 5 requests/s", "status 503 <= 3")
    failed = going(make_run, *texts, outcome="http_5xx", status=500, latency_ms=None)
    assert states(failed, 50.0) == ["broken", "broken", "broken", "kept"]
    assert "open" in states(failed, 4.0), "forty requests may be a bad start"
    expected = going(make_run, *texts, outcome="shed", status=503, facts={"expected": ("shed",)})
    assert "open" in states(expected, 50.0)


def test_a_run_without_a_request_yet_is_open(make_run: MakeRun) -> None:
    run = going(make_run, "p90 latency <= 100 ms", "error rate <= 1 %")
    empty = replace(run, samples=run.samples.select(np.zeros(1000, dtype=np.bool_)))
    assert states(empty, 100.0) == ["open", "open"]
