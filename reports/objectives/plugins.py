"""Loads metrics of plug-ins, when an objective asks for a metric that is not built in."""

from __future__ import annotations

from reports.data.plugins import PluginError, describe_plugin, list_plugins, load_plugin
from reports.objectives.metric import METRICS, Metric


def load_metric_plugins() -> None:
    """Register the metric of each plug-in; PluginError for one that is broken, or takes a name that is taken.

    An entry point names what `metric(...)` made, which registers a metric when its module is imported.
    """
    for name in list_plugins("metrics"):
        found = load_plugin("metrics", name)
        if not isinstance(found, Metric):
            raise PluginError(
                f"{describe_plugin('metrics', name)} is no metric, but {type(found).__name__}: decorate its "
                "function with reports.objectives.metric.metric"
            )
        if any(each is not found and _collide(each, found) for each in METRICS):
            raise PluginError(f"{describe_plugin('metrics', name)} takes the name of another: {found.name}")
        if found not in METRICS:
            METRICS.append(found)


def _collide(one: Metric, other: Metric) -> bool:
    return one.name == other.name and bool({*one.units} & {*other.units})
