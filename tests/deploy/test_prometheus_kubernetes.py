"""Prometheus in the cluster finds the pods that tell something, under the jobs that rules and panels ask for.

Debian's Prometheus is built without Kubernetes' discovery. So what it would find is made up here, from the
pods as kubectl renders them, and Prometheus' own tool applies the relabelling to it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kubernetes.checks.objects import list_kustomizations, list_pods, render

FILE = Path(__file__).parents[2] / "deploy/prometheus/kubernetes.yml"


def found(phase: str = "Running") -> Iterator[dict[str, Any]]:
    """What Kubernetes' discovery tells of every pod in deploy/kubernetes: once for each port, or once."""
    named = {pod.owner: pod for folder in list_kustomizations() for pod in list_pods(render(folder))}
    for number, (owner, pod) in enumerate(sorted(named.items())):
        told = {"name": owner.partition(" ")[2], "phase": phase}
        told |= {f"label_{key}": value for key, value in pod.labels.items()}
        told |= {f"annotation_{key}": value for key, value in pod.annotations.items()}
        for port in {str(each) for each in pod.ports.values()} or {""}:
            of_port = {"container_port_number": port} if port else {}
            labels = {
                f"__meta_kubernetes_pod_{name.translate(str.maketrans('./-', '___'))}": value
                for name, value in (told | of_port).items()
            }
            yield {"targets": [f"10.0.0.{number}{':' * bool(port)}{port}"], "labels": labels}


@pytest.fixture
def scraped(require: Callable[..., None], tmp_path: Path) -> Callable[..., set[tuple[str, str, str]]]:
    """Call with a job and what was found: instance, port and path of each target that is left."""
    require("promtool", "kubectl")

    def ask(job: str, groups: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
        made = yaml.safe_load(FILE.read_text())
        del made["rule_files"]
        (tmp_path / "pods.json").write_text(json.dumps(groups))
        for each in made["scrape_configs"]:
            (discovery,) = each.pop("kubernetes_sd_configs")
            assert discovery == {"role": "pod", "namespaces": {"names": ["model-services"]}}
            each["file_sd_configs"] = [{"files": [str(tmp_path / "pods.json")]}]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(made))
        subprocess.run(["promtool", "check", "config", str(tmp_path / "prometheus.yml")], check=True)
        command = ["promtool", "check", "service-discovery", "--timeout=1s"]
        done = subprocess.run(
            [*command, str(tmp_path / "prometheus.yml"), job], capture_output=True, text=True, check=True
        )
        results = json.loads(done.stdout)
        assert len(results) == len(groups)
        kept = [each["labels"] for each in results if each["labels"]]
        assert {labels["job"] for labels in kept} <= {job}
        return {
            (labels["instance"], labels["__address__"].partition(":")[2], labels["__metrics_path__"])
            for labels in kept
        }

    return ask


def test_each_pod_that_tells_something_is_scraped_by_its_name(scraped: Callable[..., Any]) -> None:
    """And the workers, which tell nothing, are not, nor the one that hands out the volume."""
    pods_found = list(found())
    assert scraped("service", pods_found) == {("insurance-charges-model-deployment", "8000", "/metrics")}
    assert scraped("loadtest", pods_found) == {
        ("load-test", "9646", "/metrics"),
        ("load-test-master", "8089", "/metrics"),
    }


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_is_no_target(scraped: Callable[..., Any], phase: str) -> None:
    assert scraped("loadtest", list(found(phase))) == set()
