"""The manifest that is applied is what is read; what can't be followed is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoscaling.manifest import PodRequests, read_autoscaler, read_requests
from autoscaling.rules import DEFAULT_DOWN, DEFAULT_METRIC, DEFAULT_UP, ScalingMetric, ScalingPolicy
from configuration.errors import ConfigurationError

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
HEAD = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: model}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: model}
  maxReplicas: 5
"""
CPU = (
    "  metrics: [{type: Resource, resource: {name: cpu, "
    "target: {type: Utilization, averageUtilization: 50}}}]\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "hpa.yaml"
    path.write_text(text)
    return path


def test_the_shipped_overlay_is_read_as_it_is() -> None:
    settings = read_autoscaler(KUBERNETES / "overlays/cpu-memory/autoscaler.yaml")
    assert (settings.name, settings.target) == (
        "insurance-charges-model-autoscaler",
        "insurance-charges-model-deployment",
    )
    assert (settings.least, settings.most) == (2, 15)
    assert settings.metrics == (
        ScalingMetric("Resource", "cpu", "Utilization", 60),
        ScalingMetric("Resource", "memory", "Utilization", 70),
    )
    assert settings.up.policies == (ScalingPolicy("Percent", 100, 30), ScalingPolicy("Pods", 3, 30))
    assert (settings.up.window_s, settings.down.window_s) == (30, 120)
    assert settings.has_behavior


def test_what_is_left_out_has_the_defaults_of_kubernetes(tmp_path: Path) -> None:
    settings = read_autoscaler(write(tmp_path, HEAD + CPU))
    assert settings.least == 1
    assert read_autoscaler(write(tmp_path, HEAD)).metrics == (DEFAULT_METRIC,)
    assert (settings.up, settings.down, settings.has_behavior) == (DEFAULT_UP, DEFAULT_DOWN, False)


def test_one_direction_may_be_left_out(tmp_path: Path) -> None:
    settings = read_autoscaler(
        write(tmp_path, f"{HEAD}{CPU}  behavior: {{scaleDown: {{stabilizationWindowSeconds: 60}}}}\n")
    )
    assert settings.has_behavior
    assert settings.up == DEFAULT_UP
    assert (settings.down.window_s, settings.down.policies) == (60, DEFAULT_DOWN.policies)


def test_several_objects_in_a_file_are_told_apart(tmp_path: Path) -> None:
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: model}\nspec:\n  template:\n    spec:\n"
        "      containers:\n"
        "        - {name: a, resources: {requests: {cpu: 250m, memory: 180Mi}, limits: {cpu: 1}}}\n"
        "        - {name: b, resources: {requests: {cpu: 50m, memory: 20Mi}, limits: {cpu: 500m}}}\n"
    )
    path = write(tmp_path, f"{deployment}---\n{HEAD}{CPU}")
    assert read_autoscaler(path).target == "model"
    containers = {
        "a": {"cpu": 0.25, "memory": 180 * 2.0**20},
        "b": {"cpu": 0.05, "memory": 20 * 2.0**20},
    }
    assert read_requests(path, "model") == PodRequests(0.3, 1, 200 * 2**20, containers)
    assert read_requests(path, "another") is None


@pytest.mark.parametrize(
    ("metric", "note"),
    [
        (
            "{type: Pods, pods: {metric: {name: depth, selector: {matchLabels: {a: b}}}, "
            "target: {type: AverageValue, averageValue: 2}}}",
            "the selector of the metric depth is not followed: it is taken of all pods",
        ),
        (
            "{type: ContainerResource, containerResource: {name: cpu, container: web, "
            "target: {type: Utilization, averageUtilization: 50}}}",
            "a pod's use of cpu is taken for that of its container 'web' alone",
        ),
        (
            "{type: External, external: {metric: {name: backlog}, target: {type: Value, value: 30}}}",
            "the External metric backlog is taken for the sum over the pods",
        ),
    ],
)
def test_what_is_taken_differently_is_told(tmp_path: Path, metric: str, note: str) -> None:
    assert read_autoscaler(write(tmp_path, f"{HEAD}  metrics: [{metric}]\n")).notes == (note,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}  metrics: []\n", "spec.metrics: got an empty list, expected a list of metrics"),
        (HEAD.replace("v2", "v1") + CPU, "got 'autoscaling/v1', expected autoscaling/v2"),
        (
            f"{HEAD}{CPU}  minReplicas: 6\n",
            "line 6, spec.maxReplicas: got 5, expected at least minReplicas, 6",
        ),
        (f"{HEAD}{CPU}  minReplica: 2\n", "line 8, spec.minReplica: unknown key"),
        (
            f"{HEAD}{CPU}  behavior: {{scaleUp: {{policy: []}}}}\n",
            "spec.behavior.scaleUp.policy: unknown key",
        ),
        (HEAD + CPU.replace("cpu", "gpu"), "got 'gpu', expected cpu or memory"),
        (HEAD + CPU.replace("50", "0"), "expected a whole number from 1 to 1,000 (percent)"),
        (
            HEAD + CPU.replace("averageUtilization", "averageUtilisation"),
            "did you mean 'averageUtilization'?",
        ),
        (
            HEAD + CPU.replace("Utilization, ", "Value, "),
            "got 'Value', expected one of Utilization, AverageValue",
        ),
        (
            HEAD + CPU.replace("Resource, r", "ContainerResource, containerR"),
            "spec.metrics[0].containerResource.container: ",
        ),
        ("kind: Service\n", "holds no HorizontalPodAutoscaler: expected one"),
        ("kind: [\n", "this is no YAML"),
    ],
)
def test_mistakes_are_told_in_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        read_autoscaler(write(tmp_path, text))
    assert message in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read: No such file"):
        read_autoscaler(tmp_path / "none.yaml")
