"""A run's folder: read as far as it was written, refused in a sentence where there is no run in it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.data.facts import Facts, Stage
from reports.data.folder import FolderError, compact, read_run, write_bytes, write_text
from reports.data.run import Run
from reports.data.telemetry import TELEMETRY_SCHEMA

MakeRun = Callable[..., Run]
MakeTable = Callable[..., pa.Table]


def write_stream(path: Path, tables: list[pa.Table]) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, tables[0].schema) as writer:
        for table in tables:
            for batch in table.combine_chunks().to_batches():
                writer.write_batch(batch)


def write_facts(folder: Path, facts: Facts) -> None:
    (folder / "run.json").write_text(json.dumps(facts.to_json()), encoding="utf-8")


@pytest.fixture
def recorded(tmp_path: Path, make_run: MakeRun, make_table: MakeTable) -> Path:
    """A folder as a run leaves it: facts, three batches of samples, two observations."""
    write_facts(tmp_path, make_run(30).facts)
    names = ("single", "batch", "single")
    tables = [
        make_table(10, intended_s=[i + j / 10 for j in range(10)], endpoint=name)
        for i, name in enumerate(names)
    ]
    write_stream(tmp_path / "samples.arrows", tables)
    telemetry = pa.table(
        {"t_s": [1.0, 0.0], "source": ["generator"] * 2, "name": ["users"] * 2, "value": [2.0, 1.0]},
        schema=TELEMETRY_SCHEMA,
    )
    write_stream(tmp_path / "telemetry.arrows", [telemetry])
    return tmp_path


def test_streams_are_read_before_they_are_compacted(recorded: Path) -> None:
    run = read_run(recorded)
    assert len(run.samples) == 30
    assert run.samples.endpoint.equal("batch").nonzero()[0].tolist() == list(range(10, 20))
    assert run.telemetry.select_series("users")[1].tolist() == [1.0, 2.0]
    assert run.facts.scenario == "steady"


def test_compacting_changes_no_value_and_removes_the_streams(recorded: Path) -> None:
    before = read_run(recorded)
    compact(recorded)
    after = read_run(recorded)
    assert sorted(path.name for path in recorded.iterdir()) == [
        "run.json",
        "samples.parquet",
        "telemetry.parquet",
    ]
    assert after.samples.endpoint.decode().tolist() == before.samples.endpoint.decode().tolist()
    assert after.samples.latency_ms.tolist() == before.samples.latency_ms.tolist()
    assert after.telemetry.t_s.tolist() == before.telemetry.t_s.tolist()
    metadata = pq.ParquetFile(recorded / "samples.parquet").metadata
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_stream_of_a_run_that_goes_on_or_was_killed_stays(recorded: Path, make_run: MakeRun) -> None:
    """Its writer may still be at work."""
    write_facts(recorded, make_run(30, facts={"ended_s": None}).facts)
    before = sorted(path.name for path in recorded.iterdir())
    compact(recorded)
    assert sorted(path.name for path in recorded.iterdir()) == before
    assert len(read_run(recorded).samples) == 30


@pytest.mark.parametrize("requests", [None, 30], ids=["not counted", "counted"])
@pytest.mark.parametrize("damage", ["tail cut", "end mark cut", "zeroed", "more behind the end"])
def test_a_damaged_stream_stays_as_it_is(
    recorded: Path, make_run: MakeRun, requests: int | None, damage: str
) -> None:
    """A Parquet file of what could still be read would take the place of the only original."""
    write_facts(recorded, make_run(30, facts={"requests": requests}).facts)
    stream = recorded / "samples.arrows"
    content = stream.read_bytes()
    second = content.index(b"\xff\xff\xff\xff", len(content) // 3)
    stream.write_bytes(
        {
            "tail cut": content[:-400],
            "end mark cut": content[:-8],
            "zeroed": content[:second] + bytes(600) + content[second + 600 :],
            "more behind the end": content + content[-400:],
        }[damage]
    )
    before = stream.read_bytes()
    compact(recorded)
    assert stream.read_bytes() == before
    assert not (recorded / "samples.parquet").exists()
    left = {"tail cut": 20, "end mark cut": 30, "more behind the end": 30}
    read = len(read_run(recorded).samples)
    assert read == left[damage] if damage in left else read < 30


def test_a_stream_of_another_number_of_requests_than_were_counted_stays(
    recorded: Path, make_run: MakeRun
) -> None:
    write_facts(recorded, make_run(30, facts={"requests": 31}).facts)
    compact(recorded)
    assert (recorded / "samples.arrows").exists()
    assert not (recorded / "samples.parquet").exists()
    write_facts(recorded, make_run(30, facts={"requests": 30}).facts)
    compact(recorded)
    assert not (recorded / "samples.arrows").exists()


def test_a_whole_stream_takes_the_place_of_a_broken_parquet_file(recorded: Path) -> None:
    (recorded / "samples.parquet").write_bytes(b"hello")
    compact(recorded)
    assert len(read_run(recorded).samples) == 30


def test_compacting_twice_is_no_harm(recorded: Path) -> None:
    compact(recorded)
    compact(recorded)
    assert len(read_run(recorded).samples) == 30


def test_a_stream_left_beside_a_finished_parquet_file_is_only_removed(recorded: Path) -> None:
    """Whoever was killed between the two steps finds the file that was complete."""
    stream = (recorded / "samples.arrows").read_bytes()
    compact(recorded)
    (recorded / "samples.arrows").write_bytes(stream[:100])
    compact(recorded)
    assert len(read_run(recorded).samples) == 30
    assert not (recorded / "samples.arrows").exists()


def test_a_run_without_telemetry_is_read(recorded: Path) -> None:
    (recorded / "telemetry.arrows").unlink()
    assert len(read_run(recorded).telemetry) == 0


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_of_a_stream_cut_anywhere_every_full_batch_is_kept(
    tmp_path_factory: pytest.TempPathFactory, make_run: MakeRun, make_table: MakeTable, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    write_facts(folder, make_run(30).facts)
    path = folder / "samples.arrows"
    ends = []
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, make_table(1).schema) as writer:
        for i in range(3):
            table = make_table(10, intended_s=[i + j / 10 for j in range(10)], endpoint=f"endpoint {i}")
            writer.write_batch(table.combine_chunks().to_batches()[0])
            ends.append(file.tell())
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    full = 10 * sum(end <= cut for end in ends)
    assert len(read_run(folder).samples) == full
    compact(folder)
    assert len(read_run(folder).samples) == full


def test_a_path_to_a_file_in_the_folder_names_the_folder(recorded: Path) -> None:
    assert read_run(recorded / "run.json").folder == recorded


def test_latest_is_followed(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    latest = tmp_path_factory.mktemp("results") / "latest"
    latest.symlink_to(recorded, target_is_directory=True)
    assert len(read_run(latest).samples) == 30


def test_without_a_planned_end_the_last_stage_ends_when_the_load_did(
    recorded: Path, make_run: MakeRun
) -> None:
    stages = (Stage("steady", 0.0, float("inf")),)
    write_facts(recorded, make_run(30, facts={"stages": stages, "planned_s": None, "ended_s": 3.5}).facts)
    run = read_run(recorded)
    assert run.facts.stages[0].end_s == 3.5
    assert run.judged_s == 3.5


def test_facts_come_back_as_they_were_written(recorded: Path, make_run: MakeRun) -> None:
    facts = make_run(30, facts={"expected": ("shed",), "seeds": {"payloads": 7}, "require_proof": True}).facts
    write_facts(recorded, facts)
    assert read_run(recorded).facts == facts


def message(folder: Path) -> str:
    with pytest.raises(FolderError) as error:
        read_run(folder)
    return str(error.value)


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert message(gone) == f"There is no folder {gone}; name a run's folder, such as results/latest."
    latest = tmp_path / "latest"
    latest.symlink_to(gone)
    assert message(latest) == f"{latest} points at {gone}, which is gone; name a run's folder instead."


def test_a_folder_without_run_json_is_told(tmp_path: Path) -> None:
    assert message(tmp_path) == f"{tmp_path} holds no run.json, so it is no run's folder."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"scenario": ', "is no valid JSON"),
        ("[]", "does not hold the facts of a run"),
        ("{}", "does not hold the facts of a run: scenario is missing."),
        ('{"stages": [{"nam": 1}]}', "does not hold the facts of a run"),
    ],
)
def test_a_broken_run_json_is_told(recorded: Path, text: str, words: str) -> None:
    (recorded / "run.json").write_text(text, encoding="utf-8")
    assert words in message(recorded)


def test_a_run_without_samples_is_told(recorded: Path) -> None:
    (recorded / "samples.arrows").unlink()
    expected = f"{recorded} holds neither samples.parquet nor samples.arrows: no request was recorded."
    assert message(recorded) == expected


def test_a_file_that_is_no_parquet_is_told(recorded: Path) -> None:
    (recorded / "samples.parquet").write_bytes(b"hello")
    assert message(recorded).startswith(f"{recorded} holds samples that can't be read: ")


def test_a_file_of_other_columns_is_told(recorded: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), recorded / "samples.parquet")
    assert message(recorded).startswith(f"{recorded} holds samples that can't be read: ")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "verdict.json"
    write_text(target, "old")

    def no_space(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["verdict.json"]
    assert target.read_text() == "old"


def test_a_written_file_is_readable_by_others_as_usual(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "a")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "bad \udcff byte")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "bad ? byte"
