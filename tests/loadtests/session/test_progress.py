"""The progress line is one calm line."""

from __future__ import annotations

import pytest

from loadtests.session.progress import Progress, drop_number, fit_line


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (
            Progress("3 users", (3, 9), 72.4, 270.0, 3, 3.02, 4.217, 0, 3, 3),
            "stage 3 of 9, 3 users · 1 min 12 s of 4 min 30 s · 3.0 requests/s · p99 ≈ 4.22 ms · 0 errors"
            " · 3 of 3 met",
        ),
        (
            Progress("steady", None, 12.0, None, 1, 0.0, None, 1, 0, 0),
            "steady · 12 s · 1 user · 0.0 requests/s · 1 error",
        ),
        (
            Progress("100/s", None, 5.0, 60.0, None, 99.6, 1200.0, 2, 1, 2),
            "100/s · 5 s of 1 min · 99.6 requests/s · p99 ≈ 1,200 ms · 2 errors · 1 of 2 met",
        ),
    ],
)
def test_the_line(state: Progress, line: str) -> None:
    assert state.line == line


@pytest.mark.parametrize(
    ("width", "shown"),
    [(40, "steady · 12 s · 0 errors · 2 of 2 met"), (36, "steady · 12 s · 0 errors"), (4, "stea")],
)
def test_what_has_no_room_is_left_out_whole(width: int, shown: str) -> None:
    assert fit_line("steady · 12 s · 0 errors · 2 of 2 met", width) == shown


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("4 users (2)", "4 users"),
        ("4 users", "4 users"),
        ("rise (2)", "rise (2)"),
        ("4 users (busy)", "4 users (busy)"),
    ],
)
def test_a_number_that_only_tells_stages_apart_is_dropped(name: str, told: str) -> None:
    """Of its own name nothing is dropped: "rise (2)" is the name that somebody gave it."""
    assert drop_number(name, {"4 users", "rise (2)", name}) == told
