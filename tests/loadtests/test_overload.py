"""The scenario `overload`, scaled down in time, against the batched service with a model of known speed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.folder import read_run

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
BATCH_ROWS, BATCH_S = 4, 0.01
CAPACITY = BATCH_ROWS / BATCH_S
LOOSE = {"lateness": "1m", "busy": 1, "starved": 1, "lag": "1m"}


@pytest.fixture
def slow_host(tmp_path: Path) -> Iterator[str]:
    """Where the batched service listens with a model that takes 10 ms for four rows: 400/s at most."""
    values = yaml.safe_load((ROOT / "configuration/service/batched.yaml").read_text())
    model = {"class_path": "tests.service.odd_models.OddModel", "configuration": {"seconds": BATCH_S}}
    values["models"] = [{**model, "create_endpoint": False}]
    values["serving"]["micro_batch"]["max_rows"] = BATCH_ROWS
    configuration = tmp_path / "slow.yaml"
    configuration.write_text(yaml.safe_dump(values))
    service = subprocess.Popen(
        [sys.executable, "-m", "service", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "REST_CONFIG": str(configuration)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stderr is not None
    found = next(host for line in service.stderr if (host := re.search(r"running on (http://[\d.:]+)", line)))
    yield found[1]
    service.terminate()
    service.communicate(timeout=20)
    assert service.returncode == 0, "it did not survive its overload"


def test_twice_the_capacity_is_found_offered_shed_and_recovered_from(
    start: Callable[..., Any], slow_host: str, tmp_path: Path
) -> None:
    """Those let in keep their latency, the rest hears 503 at once, and after it is over nobody does."""
    values = yaml.safe_load((ROOT / "configuration/scenarios/overload.yaml").read_text())
    path = "/api/models/odd_model/prediction"
    values |= {"traffic": {"endpoints": [{"name": "prediction", "path": path}]}, "generator": LOOSE}
    file = tmp_path / "overload.yaml"
    file.write_text(yaml.safe_dump(values))
    suite = start("loadtests", "--scenario", str(file), "--time-scale", "0.2", "--host", slow_host).wait()
    assert suite.code == 0, suite.said
    samples = read_run(suite.folder).samples
    overload = samples.where(samples.stage.equal("overload"))
    offered = len(overload) / 4.0
    assert offered <= 2.4 * CAPACITY, "capacity can't be found above what the model can do"
    assert overload.outcome.isin(("ok", "shed")).all()
    assert overload.outcome.equal("shed").mean() > 0.2
    recovered = samples.where(samples.intended_s > samples.intended_s.max() - 1.0)
    assert recovered.ok.all()
