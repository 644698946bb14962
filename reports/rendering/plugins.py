"""Lets exporters of plug-ins write further files into the folder of a judged run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Final

from reports.data.plugins import PluginError, describe_error, describe_plugin, load_plugin
from reports.data.run import Run
from reports.judging.verdict import Verdict

OWN_FILES: Final = frozenset(
    (
        *("run.json", "failures.json", "verdict.json", "report.html", "junit.xml", "summary.md"),
        *("stats.csv", "timeline.csv", "locust"),
        *("samples.arrows", "samples.parquet", "telemetry.arrows", "telemetry.parquet"),
    )
)
"""What a run's folder holds already: what was observed, and what follows from it."""


def export(name: str, run: Run, verdict: Verdict) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the files that an exporter makes of a run; PluginError if it can't.

    An exporter is a function of a run and its verdict that returns texts or bytes by names of files. It may
    send them somewhere instead, and return nothing.
    """
    make = load_plugin("exporters", name)
    said = describe_plugin("exporters", name)
    try:
        files = make(run, verdict)
    except Exception as error:
        raise PluginError(f"{said} failed: {describe_error(error)}") from error
    if files is not None and not isinstance(files, Mapping):
        raise PluginError(f"{said} returned {type(files).__name__}, not contents by names of files")
    for file, content in (files or {}).items():
        if PurePath(file).name != file or file.startswith("."):
            raise PluginError(f"{said} names the file {file!r}: a name without folders is expected")
        if file.casefold() in OWN_FILES:
            raise PluginError(f"{said} names the file {file!r}, which is the suite's own: take another name")
        if not isinstance(content, str | bytes):
            raise PluginError(f"{said} gave {type(content).__name__} for {file}: text or bytes are expected")
        yield file, content.encode() if isinstance(content, str) else content
