"""docs/faults.md lists the fault tests that there are, and its counts are those of its tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.faults.ledger import GeneratorRow, Ledger, ServiceRow, Trial
from tests.faults.page import render_page

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(test_\w+\.py::[^`]+)`")


def test_the_page_lists_each_fault_test_and_no_other(tmp_path: Path) -> None:
    """`make faults` writes it anew."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-n", "0", "tests/faults"]
    done = subprocess.run(
        [*command, "--fault-rows", str(tmp_path / "rows")], cwd=ROOT, capture_output=True, text=True
    )
    collected = re.findall(r"^tests/faults/(test_\w+\.py::.+)$", done.stdout, re.MULTILINE)
    assert collected, done.stdout + done.stderr
    assert sorted(set(TEST.findall(PAGE))) == sorted(collected)


def test_the_counts_are_those_of_the_tables() -> None:
    (counts,) = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    tables = re.findall(r"^\| .* \| `test_\w+\.py::[^`]+` \|$", PAGE, re.MULTILINE)
    assert [int(count) for count in counts] == [len(tables), len(tables), 0, 0]


def test_a_test_that_failed_or_was_left_out_is_told() -> None:
    refused, gone = Ledger(), Ledger()
    refused.generator(fault="refuses", recorded="refused", verdict="fail", exit_code=1, sent=12, seen=0)
    gone.service(fault="killed", happened="a | b", lost=3)
    page = render_page(
        [
            Trial("test_b.py::test_it", "passed", "", tuple(gone.rows)),
            Trial("test_a.py::test_it[x]", "passed", "", tuple(refused.rows)),
            Trial("test_c.py::test_it", "failed"),
            Trial("test_d.py::test_it", "skipped", "needs to be root"),
        ],
        "2026-11-20",
        "a machine",
    )
    assert "| 3 | 2 | 3 | 1 |" in page
    assert "| refuses | refused | fail | 1 | 12 | 0 | `test_a.py::test_it[x]` |" in page
    assert "| killed | a \\| b | 3 | `test_b.py::test_it` |" in page
    assert page.index("## Not survived\n\n- `test_c.py::test_it`") > page.index("## The service")
    assert page.endswith("## Not tried on that machine\n\n- `test_d.py::test_it`: needs to be root\n")


def test_a_request_that_nobody_recorded_is_lost_unless_it_was_in_flight() -> None:
    assert GeneratorRow("f", "r", "pass", 0, sent=10, seen=12, in_flight=1).lost == 1
    assert GeneratorRow("f", "r", "pass", 0, sent=12, seen=10, in_flight=0).lost == 0
    assert GeneratorRow("f", "r", "none", 2, sent=None, seen=10, in_flight=0).lost == 0
    assert ServiceRow("f", "h", 2).lost == 2
