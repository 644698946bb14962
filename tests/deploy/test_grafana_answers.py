"""Every query of the dashboard is answered by a real Prometheus after a real run; only Grafana is missing."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.grafana import dashboard
from deploy.grafana.queries import VERDICT_COLOURS

pytestmark = pytest.mark.real

DASHBOARD = dashboard.build_dashboard()
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[Any]:
    """Every query of the panels."""
    return [
        pytest.param(target["expr"], id=f"{panel['title']}: {target['legendFormat']}")
        for panel in PANELS
        for target in panel["targets"]
    ]


@pytest.mark.parametrize("expression", queries())
def test_each_query_has_an_answer_after_a_run(observed: Any, expression: str) -> None:
    assert observed.series(expression)


def test_the_run_is_a_region_that_ends_where_its_verdict_is_marked(observed: Any) -> None:
    """The only annotations are the run's, and the mark of the word it was judged with."""
    events = {each["name"]: each for each in DASHBOARD["annotations"]["list"]}
    (run,) = observed.series(events.pop("Run")["target"]["expr"])
    active = [at for at, value in run["values"] if value > 0]
    marks = {name: observed.series(each["target"]["expr"]) for name, each in events.items()}
    word = observed.verdict["verdict"]
    assert word in VERDICT_COLOURS
    assert {name for name, found in marks.items() if found} == {f"Verdict: {word}"}
    (mark,) = marks[f"Verdict: {word}"]
    (judged_ms,) = {value for _, value in mark["values"]}
    assert observed.start_s < active[0] < active[-1] < judged_ms / 1000 <= observed.end_s
    assert run["metric"]["scenario"] == mark["metric"]["scenario"] == "both"
    assert run["metric"]["run"] == mark["metric"]["run"]


def test_single_and_batch_are_told_apart_and_ten_rows_share_a_request(observed: Any) -> None:
    """Each form's busiest second, as the panels draw it."""
    drawn = {
        (panel["title"], target["legendFormat"]): target["expr"]
        for panel in PANELS
        for target in panel["targets"]
    }

    def most(title: str, name: str) -> float:
        (series,) = observed.series(drawn[title, name])
        return max(value for _, value in series["values"])

    for form, rows in (("Single", 1), ("Batch", 10)):
        asked = most(f"{form}: requests a second", "client")
        assert most(f"{form}: rows a second", "rows") == pytest.approx(rows * asked, rel=0.25)
        assert most(f"{form}: requests a second", "service") == pytest.approx(asked, rel=0.5)
