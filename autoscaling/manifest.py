"""Reads a HorizontalPodAutoscaler, and what its Deployment requests, from the manifests that are applied.

A file may hold several objects. Every mistake is told with its line; what the twin can't follow is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from autoscaling.rules import (
    DEFAULT_DOWN,
    DEFAULT_METRIC,
    DEFAULT_UP,
    AutoscalerSettings,
    PolicyChoice,
    PolicyKind,
    ScalingMetric,
    ScalingPolicy,
    ScalingRules,
    TargetKind,
)
from configuration.document import Node
from configuration.errors import ConfigurationError, Problems, combine_problems
from configuration.readers import make_name_reader, make_whole_number_reader, parse_with_unit, read_text
from configuration.units import QUANTITY_EXPECTED, parse_quantity
from configuration.yaml_loader import parse_yaml

KIND: Final = "HorizontalPodAutoscaler"
MOST_REPLICAS: Final = 10_000
_SEPARATOR: Final = re.compile(r"(?m)^---.*$")
_BLOCKS: Final = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}
_TARGETS: Final = {
    "Utilization": "averageUtilization",
    "AverageValue": "averageValue",
    "Value": "value",
}
_KEYS: Final = {
    "Resource": ("name", "target"),
    "ContainerResource": ("name", "container", "target"),
    "Pods": ("metric", "target"),
    "Object": ("describedObject", "metric", "target"),
    "External": ("metric", "target"),
}
_ALLOWED_TARGETS: Final = {
    "Resource": ("Utilization", "AverageValue"),
    "ContainerResource": ("Utilization", "AverageValue"),
    "Pods": ("AverageValue",),
    "Object": ("Value", "AverageValue"),
    "External": ("Value", "AverageValue"),
}


@dataclass(frozen=True)
class PodRequests:
    """What each pod of a Deployment requests, and its limit: cores and bytes; None where it isn't stated.

    `containers` has what each container requests, by its name, of `cpu` and `memory`, where it is stated.
    """

    cpu_cores: float | None = None
    cpu_limit_cores: float | None = None
    memory_bytes: float | None = None
    containers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def read_autoscaler(path: Path) -> AutoscalerSettings:
    """The one HorizontalPodAutoscaler (autoscaling/v2) in a YAML file; raises `ConfigurationError`."""
    found = [node for node in _read_objects(path) if _get(node, "kind") == KIND]
    if len(found) != 1:
        many = f"no {KIND}" if not found else f"{len(found)} {KIND}s"
        raise ConfigurationError(f"{path} holds {many}: expected one")
    try:
        return _read_autoscaler(found[0])
    except Problems as problems:
        raise combine_problems(str(path), problems.problems) from None


def read_requests(path: Path, name: str) -> PodRequests | None:
    """What the containers of the Deployment `name` request; None if the file holds no such one."""
    for node in _read_objects(path):
        if _get(node, "kind") == "Deployment" and _get(node, "metadata", "name") == name:
            try:
                return _read_requests(node)
            except Problems as problems:
                raise combine_problems(str(path), problems.problems) from None
    return None


def _read_objects(path: Path) -> Iterator[Node]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise ConfigurationError(f"{path} can't be read: {reason}") from None
    lines = 0
    for part in _SEPARATOR.split(text):
        try:  # empty lines before it, so that a problem is told with its line in the file
            node, repeated = parse_yaml("\n" * lines + part)
            if repeated:
                raise Problems(*repeated)
        except Problems as problems:
            raise combine_problems(str(path), problems.problems) from None
        lines += part.count("\n")
        if node.value is not None:
            yield node


def _get(node: Node, *keys: str) -> Any:
    value = node.value
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _read_autoscaler(node: Node) -> AutoscalerSettings:
    version = node.get_child("apiVersion")
    if version.value != "autoscaling/v2":
        raise version.report_mismatch("autoscaling/v2 (kubectl get hpa NAME -o yaml writes it)")
    spec = node.get_child("spec")
    with spec.read_mapping("a HorizontalPodAutoscaler's spec") as keys:
        target = keys.read("scaleTargetRef", _read_target)
        least = keys.read_or("minReplicas", make_whole_number_reader("replicas", 1, MOST_REPLICAS), 1)
        most = keys.read("maxReplicas", make_whole_number_reader("replicas", 1, MOST_REPLICAS))
        metrics = keys.read_or(
            "metrics", lambda node: node.read_items(_read_metric, "a list of metrics"), [DEFAULT_METRIC]
        )
        behavior = keys.read_or("behavior", _read_behavior, (DEFAULT_UP, DEFAULT_DOWN))
    if least > most:
        raise spec.get_child("maxReplicas").report_mismatch(f"at least minReplicas, {least}")
    name = _get(node, "metadata", "name")
    settings = AutoscalerSettings(str(name), target, least, most, tuple(metrics), *behavior)
    notes = tuple(_list_notes(spec.get_child("metrics"))) if "metrics" in spec.value else ()
    return replace(settings, has_behavior="behavior" in spec.value, notes=notes)


def _list_notes(metrics: Node) -> Iterator[str]:
    """What the twin can't tell apart, in sentences."""
    for metric in map(metrics.get_child, range(len(metrics.value))):
        source = metric.value["type"]
        block = metric.value[_BLOCKS[source]]
        if source == "ContainerResource":
            container = block["container"]
            yield f"a pod's use of {block['name']} is taken for that of its container {container!r} alone"
        elif source != "Resource":
            name = block["metric"]["name"]
            if source != "Pods":
                yield f"the {source} metric {name} is taken for the sum over the pods"
            if "selector" in block["metric"]:
                yield f"the selector of the metric {name} is not followed: it is taken of all pods"


def _read_target(node: Node) -> str:
    with node.read_mapping("the object that is scaled") as keys:
        keys.read_or("apiVersion", read_text, "")
        keys.read("kind", read_text)
        keys.read("name", read_text)
    return str(node.value["name"])


def _read_metric(node: Node) -> ScalingMetric:
    kind = node.get_child("type")
    source = make_name_reader(*_BLOCKS)(kind)
    _check_keys(node, ("type", _BLOCKS[source]), f"a {source} metric")
    block = node.get_child(_BLOCKS[source])
    _check_keys(block, _KEYS[source], f"the {source} metric")
    named = block
    if not source.endswith("Resource"):
        named = block.get_child("metric")
        _check_keys(named, ("name", "selector"), "the metric's name")
    name = read_text(named.get_child("name"))
    if source.endswith("Resource") and name not in ("cpu", "memory"):
        raise named.get_child("name").report_mismatch("cpu or memory")
    container = read_text(block.get_child("container")) if source == "ContainerResource" else None
    target = block.get_child("target")
    _check_keys(target, ("type", *_TARGETS.values()), "a target with its type and value")
    target_kind = cast(TargetKind, make_name_reader(*_ALLOWED_TARGETS[source])(target.get_child("type")))
    value = target.get_child(_TARGETS[target_kind])
    if target_kind == "Utilization":
        percent = make_whole_number_reader("percent", 1, 1000)(value)
        return ScalingMetric(source, name, target_kind, percent, container)
    thousandths = round(_read_quantity(value) * 1000)
    if thousandths <= 0:
        raise value.report_mismatch("a quantity above zero")
    return ScalingMetric(source, name, target_kind, thousandths, container)


def _check_keys(node: Node, known: Sequence[str], expected: str) -> None:
    """Refuse what is no mapping, and the first key that has no meaning here."""
    if not isinstance(node.value, dict):
        raise node.report_mismatch(expected)
    for key in node.value:
        if key not in known:
            raise node.report_unknown_key(key, known)


def _read_quantity(node: Node) -> float:
    text = str(node.value) if type(node.value) in (int, float) else node.value
    return parse_with_unit(replace(node, value=text), parse_quantity, QUANTITY_EXPECTED)


def _read_behavior(node: Node) -> tuple[ScalingRules, ScalingRules]:
    with node.read_mapping("scaleUp and scaleDown") as keys:
        up = keys.read_or("scaleUp", lambda node: _read_rules(node, DEFAULT_UP), DEFAULT_UP)
        down = keys.read_or("scaleDown", lambda node: _read_rules(node, DEFAULT_DOWN), DEFAULT_DOWN)
    return up, down


def _read_rules(node: Node, default: ScalingRules) -> ScalingRules:
    """The rules of one direction; those that aren't stated have Kubernetes' defaults."""
    with node.read_mapping("the rules of one direction") as keys:
        window_s = keys.read_or(
            "stabilizationWindowSeconds", make_whole_number_reader("seconds", 0, 3600), default.window_s
        )
        choice = keys.read_or("selectPolicy", make_name_reader("Max", "Min", "Disabled"), "Max")
        policies = keys.read_or("policies", _read_policies, default.policies)
        tolerance = keys.read_or("tolerance", _read_quantity, default.tolerance)
    return ScalingRules(tuple(policies), window_s, cast(PolicyChoice, choice), tolerance)


def _read_policies(node: Node) -> Sequence[ScalingPolicy]:
    return node.read_items(_read_policy, "a list of policies")


def _read_policy(node: Node) -> ScalingPolicy:
    with node.read_mapping("type, value and periodSeconds") as keys:
        kind = keys.read("type", make_name_reader("Pods", "Percent"))
        value = keys.read("value", make_whole_number_reader("pods or percent", 1, 1_000_000))
        period_s = keys.read("periodSeconds", make_whole_number_reader("seconds", 1, 1800))
    return ScalingPolicy(cast(PolicyKind, kind), value, period_s)


def _read_requests(node: Node) -> PodRequests:
    containers = node
    for key in ("spec", "template", "spec", "containers"):
        containers = containers.get_child(key)
        if not isinstance(containers.value, dict | list):
            raise containers.report_mismatch("the pods' containers")
    each = [containers.get_child(index) for index in range(len(containers.value))]
    cpu, limits, memory = (
        [_read_resource(container, kind, resource) for container in each]
        for kind, resource in (("requests", "cpu"), ("limits", "cpu"), ("requests", "memory"))
    )
    named = {
        str(_get(container, "name")): {
            name: value for name, value in (("cpu", cores), ("memory", held)) if value is not None
        }
        for container, cores, held in zip(each, cpu, memory, strict=True)
    }
    stated = [limit for limit in limits if limit]  # 0 is no limit
    largest = max(stated) if stated and len(stated) == len(limits) else None  # one container answers
    return PodRequests(_sum(cpu), largest, _sum(memory), named)


def _read_resource(container: Node, kind: str, resource: str) -> float | None:
    if _get(container, "resources", kind, resource) is None:
        return None
    return _read_quantity(container.get_child("resources").get_child(kind).get_child(resource))


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum; None if one of them isn't stated."""
    stated = [value for value in values if value is not None]
    return sum(stated) if len(stated) == len(values) else None
