"""What an exporter returns becomes files beside the run's own, and never in their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reports.data.plugins import PluginError
from reports.data.run import Run
from reports.judging.verdict import judge_run
from reports.rendering.plugins import export

MakeRun = Callable[..., Run]


def exported(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, *names: str) -> list[tuple[str, bytes]]:
    """What comes of an exporter that returns files of these names."""
    monkeypatch.setattr(
        "reports.rendering.plugins.load_plugin", lambda *_: lambda *_: dict.fromkeys(names, "x")
    )
    monkeypatch.setattr("reports.rendering.plugins.describe_plugin", lambda *_: "the plug-in")
    run = make_run(10)
    return list(export("acme", run, judge_run(run)))


def test_other_files_are_kept(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exported(make_run, monkeypatch, "acme.json", "runs.json") == [
        ("acme.json", b"x"),
        ("runs.json", b"x"),
    ]


@pytest.mark.parametrize(
    "name", ["run.json", "Verdict.json", "samples.parquet", "telemetry.arrows", "failures.json", "locust"]
)
def test_the_runs_own_files_are_refused(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(PluginError, match="which is the suite's own: take another name"):
        exported(make_run, monkeypatch, name)


@pytest.mark.parametrize("name", ["../run.json", "a/b", ".hidden", "/etc/passwd"])
def test_nothing_is_written_elsewhere(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(PluginError, match="a name without folders"):
        exported(make_run, monkeypatch, name)
