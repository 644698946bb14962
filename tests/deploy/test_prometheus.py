"""Prometheus takes what deploy/prometheus/ holds, and its rules compute what they say."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from loadtests.exposition.counts import LATENCY_BUCKETS_S as GENERATOR_BUCKETS_S
from service.observability.metrics import REQUEST_BUCKETS_S as SERVICE_BUCKETS_S
from service.observability.metrics import InferenceMetrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/prometheus"
RULE_TESTS = sorted((Path(__file__).parent / "prometheus").glob("*.yml"))


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def rules(name: str) -> Iterator[dict[str, Any]]:
    for group in read(name)["groups"]:
        yield from group["rules"]


def promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_prometheus_takes_the_configuration_and_its_rules(require: Callable[..., None], name: str) -> None:
    require("promtool")
    promtool("check", "config", "--lint-fatal", str(FOLDER / name))


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_rules_compute_and_alerts_fire_as_worked_out_by_hand(
    require: Callable[..., None], path: Path
) -> None:
    require("promtool")
    promtool("test", "rules", str(path))


def test_each_rule_and_alert_is_among_those_tests() -> None:
    tested = "".join(path.read_text() for path in RULE_TESTS)
    for rule in rules("rules.yml"):
        assert rule["record"] in tested
    for rule in rules("alerts.yml"):
        assert f"alertname: {rule['alert']}" in tested


def test_the_configurations_differ_in_their_targets_alone() -> None:
    """And in the cluster in how a target is named."""
    made, local, cluster = (read(name) for name in ("prometheus.yml", "local.yml", "kubernetes.yml"))
    for job in made["scrape_configs"] + local["scrape_configs"]:
        del job["static_configs"]
    for job in cluster["scrape_configs"]:
        del job["kubernetes_sd_configs"], job["relabel_configs"]
    assert made == local == cluster
    assert made["global"]["scrape_interval"] == "5s"
    assert [job["job_name"] for job in made["scrape_configs"]] == ["service", "loadtest"]


def selectors(node: Any) -> Iterator[Any]:
    """The vector selectors in a parsed expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("lhs", "rhs", "expr", "vector_selector"):
        if (child := getattr(node, name, None)) is not None:
            yield from selectors(child)
    for child in getattr(node, "args", ()) or ():
        yield from selectors(child)


def test_every_metric_that_a_rule_asks_for_exists() -> None:
    """Among the service's own, the instrumentator's, Prometheus', or those that another rule records."""
    registry = CollectorRegistry()
    InferenceMetrics(registry)
    known = {sample.name for family in registry.collect() for sample in family.samples}
    known |= {"up", "http_requests_total"} | {rule["record"] for rule in rules("rules.yml")}
    for rule in (*rules("rules.yml"), *rules("alerts.yml")):
        asked = list(selectors(promql_parser.parse(rule["expr"])))
        assert asked, rule
        assert {selector.name for selector in asked} <= known, rule
        for selector in asked:
            recorded = selector.name.startswith("service:")
            assert recorded or 'job="service"' in str(selector), rule


def test_each_alert_says_what_why_and_what_to_do() -> None:
    """The runbook is the alert's own section of the playbook."""
    for rule in rules("alerts.yml"):
        assert re.fullmatch(r"([A-Z][a-z]+)+", rule["alert"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        told = rule["annotations"]
        assert set(told) == {"summary", "description", "runbook"}
        assert told["summary"].endswith(".")
        path, _, section = told["runbook"].partition("#")
        assert section == rule["alert"].lower()
        assert f"\n### {rule['alert']}\n" in (ROOT / path).read_text()


def in_tables(heading: str) -> set[str]:
    """What stands as code in the first column of the table under a heading of docs/prometheus.md."""
    text = (ROOT / "docs/prometheus.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_document_tells_each_rule_and_alert() -> None:
    recorded = {rule["record"] for rule in rules("rules.yml")}
    errors = "service:inference_request_errors:"
    told = {f"{errors}{name}" if name.startswith("ratio") else name for name in in_tables("Recording rules")}
    assert told == recorded
    assert in_tables("Alerts") == {rule["alert"] for rule in rules("alerts.yml")}


def test_the_document_tells_each_metric_of_the_generator() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "loadtests/exposition").glob("*.py")))
    named = set(re.findall(r'"(loadtest_[a-z_]+)"', source))
    told = {re.sub("_(total|info)$", "", name) for name in in_tables("The generator's metrics")}
    assert {name for name in told if name.startswith("loadtest_")} == named


def test_both_sides_read_latency_with_one_ruler() -> None:
    """So that the generator's and the service's percentiles are interpolated within the same buckets."""
    assert GENERATOR_BUCKETS_S[: len(SERVICE_BUCKETS_S)] == SERVICE_BUCKETS_S
