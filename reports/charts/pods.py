"""Draws what was observed of the service's cluster: replicas, and the resources that the pods used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reports.charts.canvas import draw_picture
from reports.charts.chart_data import Chart, ChartData
from reports.charts.formatting import describe_moment, join_list
from reports.charts.small_multiples import SmallMultiple, TimeSeries, draw_small_multiples
from reports.data.quantities import format_count, format_duration, format_number
from reports.data.telemetry import KUBERNETES

_ROLES = {
    "replicas_ready": "service",
    "replicas_desired": "users",
    "replicas_max": "users",
    "pods_cpu_cores": "service",
    "pods_memory_mib": "service",
}


def draw_pods(data: ChartData) -> Chart | None:
    """Replicas, and processor and memory of all pods together; None if no cluster was observed."""
    end_s = data.axis.end_s
    found = (
        (name, TimeSeries.read(data.run, name, KUBERNETES, role, end_s)) for name, role in _ROLES.items()
    )
    seen = {name: series for name, series in found if len(series)}
    panels = _list_panels(seen, end_s)
    if not panels:
        return None
    return Chart(
        "pods",
        "The pods beside the load",
        _compose_title(seen),
        _compose_figures(seen),
        draw_picture("pods", lambda figure, page: draw_small_multiples(figure, page, data.axis, panels)),
        "Asked of the cluster every 15 s. What all pods used together is as the cluster measured it: "
        "a mean over some 15 s, and up to as old.",
    )


def _list_panels(seen: dict[str, TimeSeries], end_s: float) -> list[SmallMultiple]:
    panels = []
    if "replicas_ready" in seen:
        wanted = [replace(seen["replicas_desired"], dashed=True)] if "replicas_desired" in seen else []
        counts = tuple(_extend_steps(series, end_s) for series in (*wanted, seen["replicas_ready"]))
        panels.append(SmallMultiple("replicas: ready, and wanted (dashed)", counts, 2.0))
    if "pods_cpu_cores" in seen:
        panels.append(SmallMultiple("CPU of all pods, cores", (seen["pods_cpu_cores"],), 0.1))
    if "pods_memory_mib" in seen:
        panels.append(SmallMultiple("memory of all pods, MiB", (seen["pods_memory_mib"],), 1.0))
    return panels


def _extend_steps(series: TimeSeries, end_s: float) -> TimeSeries:
    """The count as steps; the last one lasts until the end."""
    t_s, value = np.append(series.t_s, end_s), np.append(series.value, series.value[-1])
    return replace(series, t_s=t_s, value=value, steps=True)


def _compose_title(seen: dict[str, TimeSeries]) -> str:
    used = join_list(_describe_peaks(seen))
    if "replicas_ready" not in seen:
        return f"The pods used up to {used}"
    ready = seen["replicas_ready"].value
    first, most, last = round(ready[0]), round(ready.max()), round(ready[-1])
    if ready.min() == ready.max():
        text = f"{format_count(first, 'replica')} {'was' if first == 1 else 'were'} ready throughout"
    elif most > first:
        text = f"The service grew from {first} to {format_count(most, 'ready replica')}"
        text += f" and ended with {last}" if last < most else ""
    else:
        text = f"The service shrank from {first} to {format_count(round(ready.min()), 'ready replica')}"
        text += f" and ended with {last}" if last > ready.min() else ""
    return f"{text}; its pods used up to {used}" if used else text


def _describe_peaks(seen: dict[str, TimeSeries]) -> list[str]:
    told = []
    if "pods_cpu_cores" in seen:
        most = float(seen["pods_cpu_cores"].value.max())
        told.append(f"{format_number(most)} {'core' if most == 1 else 'cores'}")
    if "pods_memory_mib" in seen:
        told.append(f"{format_number(float(seen['pods_memory_mib'].value.max()))} MiB of memory")
    return told


def _compose_figures(seen: dict[str, TimeSeries]) -> str:
    told = []
    if "replicas_ready" in seen:
        told.append(f"ready replicas {_describe_range(seen['replicas_ready'])}")
    if "replicas_desired" in seen:
        told.append(f"wanted {_describe_range(seen['replicas_desired'])}")
    if "replicas_max" in seen:
        told.append(f"the autoscaler's limit is {round(seen['replicas_max'].value[-1])}")
    told += _describe_growth(seen)
    for name, what, unit in (("pods_cpu_cores", "CPU", "cores"), ("pods_memory_mib", "memory", "MiB")):
        if name in seen:
            typical, most = float(np.median(seen[name].value)), float(seen[name].value.max())
            told.append(
                f"{what} of all pods {format_number(typical)} {unit} in the median, "
                f"{format_number(most)} at most"
            )
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _describe_range(series: TimeSeries) -> str:
    least, most = round(series.value.min()), round(series.value.max())
    return str(most) if least == most else f"{least} to {most}"


def _describe_growth(seen: dict[str, TimeSeries]) -> list[str]:
    """When more replicas were first wanted, and how long it took until one more was ready."""
    if not {"replicas_ready", "replicas_desired"} <= seen.keys():
        return []
    wanted, ready = seen["replicas_desired"], seen["replicas_ready"]
    more = np.flatnonzero(wanted.value > wanted.value[0])
    if not len(more):
        return []
    asked_s = float(wanted.t_s[more[0]])
    text = f"more were first wanted {describe_moment(asked_s)}"
    there = ready.t_s[(ready.value > ready.value[0]) & (ready.t_s >= asked_s)]
    if not len(there):
        return [f"{text}, and none was ready by the end"]
    waited_s = float(there[0]) - asked_s
    return [
        f"{text}, and one more was ready " + (f"{format_duration(waited_s)} later" if waited_s else "by then")
    ]
