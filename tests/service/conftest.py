"""A trained model and a running service, made once for all tests of the service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from service import training
from service.model import InsuranceChargesModel

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on generated data."""
    path = tmp_path_factory.mktemp("models") / "model.skops"
    training.train(path)
    return path


@pytest.fixture(scope="session")
def model(model_path: Path) -> InsuranceChargesModel:
    return InsuranceChargesModel(model_path)


@pytest.fixture(scope="session")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Call with a model's path: a copy of baseline.yaml that names it."""

    def write(model_path: Path) -> Path:
        values = yaml.safe_load((ROOT / "configuration/service/baseline.yaml").read_text())
        values["models"][0]["configuration"]["model_path"] = str(model_path)
        path = tmp_path_factory.mktemp("configuration") / "service.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


class Service:
    """A service in a process of its own, on a free loopback port; `url` once it listens."""

    def __init__(self, command: list[str], configuration: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", "0"],
            cwd=ROOT,
            env={**os.environ, "REST_CONFIG": str(configuration)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.log = ""
        for line in self.process.stderr:
            self.log += line
            if found := re.search(r"running on (http://\S+)", line):
                self.url = found[1]
                return
        pytest.fail(f"the service did not start:\n{self.log}")

    def stop(self) -> int:
        """SIGTERM; returns the exit code, with the rest of the log in `log`."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=20)
        self.log += rest
        return self.process.returncode


@pytest.fixture(scope="session")
def start(configured: Callable[[Path], Path], model_path: Path) -> Iterator[Callable[..., Service]]:
    """Call with `python -m` words: the service they run, stopped at the end if it isn't by then."""
    services: list[Service] = []

    def run(*command: str) -> Service:
        services.append(Service(list(command), configured(model_path)))
        return services[-1]

    yield run
    for service in services:
        service.stop()


@pytest.fixture(scope="session")
def url(start: Callable[..., Service]) -> str:
    """Where the suite's own entry listens."""
    return start("uvicorn", "service.app:app").url
