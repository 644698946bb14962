"""The samples that Prometheus sends are read as numbers."""

from __future__ import annotations

from reports.prometheus.compare import REFUSED
from reports.prometheus.series import parse_series


def test_samples_come_as_texts() -> None:
    """As Prometheus' HTTP API sends them."""
    metric = {"__name__": REFUSED, "instance": "a:8000", "job": "service"}
    answer = {"data": {"resultType": "matrix", "result": [{"metric": metric, "values": [[1000.5, "12"]]}]}}
    (found,) = parse_series(answer)
    assert (found.name, found.instance, found.t_s, found.values) == (REFUSED, "a:8000", (1000.5,), (12.0,))
