"""Asks a Kubernetes cluster, through kubectl, how a Deployment is scaled and what its pods use.

It runs as another process, `python -m loadtests.monitoring.kubectl NAMESPACE/DEPLOYMENT`, because starting
kubectl takes tens of milliseconds of a core that the load generator needs. It imports little but
the standard library, and writes a line of JSON every 15 s until nobody reads it any more: `{"seen": {name:
value}, "problems": [sentence, ...]}`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from configuration.units import parse_quantity

PERIOD_S: Final = 15.0
"""As often as the cluster measures: metrics-server's default resolution."""
TIMEOUT_S: Final = 10.0
NICENESS: Final = 10

NAME: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

Ask = Callable[[str], Any]
"""Called with a path of the cluster's API; returns the parsed answer, or raises AskError."""


class AskError(Exception):
    """The cluster did not answer; the message says why."""


class Workload(NamedTuple):
    """A Deployment in a namespace."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Workload:
        """Parse `namespace/deployment`; ValueError, in a sentence, for another text."""
        found = re.fullmatch(rf"({NAME})/({NAME})", text)
        if found is None:
            raise ValueError(
                f"{text!r} names no Deployment; give its namespace and name, "
                "like model-services/insurance-charges-model-deployment"
            )
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def observe_workload(workload: Workload, ask: Ask) -> tuple[dict[str, float], list[str]]:
    """Values observed of a workload now, by name, and a sentence for each that could not be observed."""
    seen: dict[str, float] = {}
    problems = []
    base = f"/namespaces/{workload.namespace}"
    try:
        deployment = ask(f"/apis/apps/v1{base}/deployments/{workload.name}")
        seen["replicas_ready"] = float(deployment["status"].get("readyReplicas", 0))
        seen["replicas_desired"] = float(deployment["spec"].get("replicas", 1))
    except AskError as error:
        return {}, [f"the Deployment {workload} can't be seen: {error}"]
    try:
        scalers = ask(f"/apis/autoscaling/v2{base}/horizontalpodautoscalers")["items"]
        seen |= next((_read_scaler(each) for each in scalers if _scales(each, workload)), {})
    except AskError as error:
        problems.append(f"its autoscaler can't be seen: {error}")
    try:
        selector = quote(write_selector(deployment["spec"]["selector"]))
        pods = ask(f"/apis/metrics.k8s.io/v1beta1{base}/pods?labelSelector={selector}")["items"]
        seen |= _sum_usage(pods)
    except AskError as error:
        problems.append(f"what its pods use can't be seen (is metrics-server installed?): {error}")
    return seen, problems


def _scales(scaler: Mapping[str, Any], workload: Workload) -> bool:
    target = scaler["spec"]["scaleTargetRef"]
    return (target["kind"], target["name"]) == ("Deployment", workload.name)


def _read_scaler(scaler: Mapping[str, Any]) -> dict[str, float]:
    """How many replicas the autoscaler wants, and the most it may want."""
    found = {"replicas_max": float(scaler["spec"]["maxReplicas"])}
    if desired := scaler.get("status", {}).get("desiredReplicas"):
        found["replicas_desired"] = float(desired)
    return found


def _sum_usage(pods: list[Mapping[str, Any]]) -> dict[str, float]:
    """Processor and memory of all measured pods together; empty if none is measured."""
    used = [container["usage"] for pod in pods for container in pod["containers"]]
    if not used:
        return {}
    return {
        "pods_cpu_cores": sum(parse_quantity(each["cpu"]) for each in used),
        "pods_memory_mib": sum(parse_quantity(each["memory"]) for each in used) / 2**20,
    }


def write_selector(selector: Mapping[str, Any]) -> str:
    """A Deployment's selector in the form of a query: `a=b,c in (d,e),!f`."""
    terms = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    for term in selector.get("matchExpressions", []):
        values = f"({','.join(term.get('values', []))})"
        ways = {"In": "{} in {}", "NotIn": "{} notin {}", "Exists": "{}", "DoesNotExist": "!{}"}
        terms.append(ways[term["operator"]].format(term["key"], values))
    return ",".join(terms)


def ask_kubectl(path: str) -> Any:
    """The answer of the cluster in kubectl's current context at a path of its API."""
    command = ["kubectl", "get", "--raw", path, f"--request-timeout={TIMEOUT_S:.0f}s"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * TIMEOUT_S)
        if done.returncode:
            raise AskError((done.stderr.strip().splitlines() or ["kubectl failed"])[-1])
        return json.loads(done.stdout)
    except FileNotFoundError:
        raise AskError("kubectl is not installed") from None
    except subprocess.TimeoutExpired:
        raise AskError("kubectl does not come back") from None
    except ValueError:
        raise AskError("the answer is no JSON") from None


def write_line(workload: Workload, ask: Ask) -> str:
    """A line of JSON about this moment, whatever the cluster answers."""
    try:
        seen, problems = observe_workload(workload, ask)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        seen, problems = {}, [f"the cluster's answer about {workload} is not understood: {error!r}"]
    return json.dumps({"seen": seen, "problems": problems})


def main() -> None:
    """Write a line every `PERIOD_S` seconds."""
    workload = Workload.parse(sys.argv[1])
    os.nice(NICENESS)
    due = time.monotonic()
    while True:
        try:
            print(write_line(workload, ask_kubectl), flush=True)
        except BrokenPipeError:
            os._exit(0)
        due = max(due + PERIOD_S, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
