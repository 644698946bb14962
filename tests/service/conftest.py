"""A trained model and a running service, made once for all tests of the service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.model import training
from service.model.insurance import InsuranceChargesModel

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

    def __init__(
        self, command: list[str], configuration: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", "0"],
            cwd=ROOT,
            env={**os.environ, **(environment or {}), "REST_CONFIG": str(configuration)},
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
        """SIGTERM, unless it has ended; returns the exit code, with the rest of the log in `log`."""
        assert self.process.stderr is not None
        if self.process.poll() is None:
            self.process.terminate()
        if not self.process.stderr.closed:
            try:
                _, rest = self.process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                _, rest = self.process.communicate()
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


BATCHED = ROOT / "configuration/service/batched.yaml"


@pytest.fixture(scope="session")
def batched(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Callable[..., Path]:
    """Call with knobs, and with the entries of one or more models if not ours: a copy of batched.yaml."""

    def write(
        knobs: Mapping[str, Any], model: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> Path:
        values = yaml.safe_load(BATCHED.read_text())
        values["models"][0]["configuration"]["model_path"] = str(model_path)
        if model is not None:
            models = [model] if isinstance(model, Mapping) else model
            values["models"] = [{"create_endpoint": False, **each} for each in models]
        values["serving"] = merged(values["serving"], knobs)
        path = tmp_path_factory.mktemp("configuration") / "batched.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


def merged(values: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping with another one's values, section by section."""
    result = dict(values)
    for key, value in more.items():
        result[key] = merged(result.get(key, {}), value) if isinstance(value, Mapping) else value
    return result


@pytest.fixture
def serve(batched: Callable[..., Path]) -> Iterator[Callable[..., Service]]:
    """Call with knobs, a model's entry, further words and environment variables: a service of its own."""
    services: list[Service] = []

    def run(
        knobs: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        words: Sequence[str] = (),
        **environment: str,
    ) -> Service:
        services.append(Service(["service", *words], batched(knobs or {}, model), environment))
        return services[-1]

    yield run
    for service in services:
        service.stop()


@pytest.fixture
def start_batched(batched: Callable[..., Path]) -> Iterator[Callable[..., Service]]:
    """Call with `python -m` words, knobs and a model's entry: the service they run, stopped at the end."""
    services: list[Service] = []

    def run(command: Sequence[str], knobs: Mapping[str, Any], model: Mapping[str, Any]) -> Service:
        services.append(Service(list(command), batched(knobs, model)))
        return services[-1]

    yield run
    for service in services:
        service.stop()


@pytest.fixture(scope="session")
def batched_url(batched: Callable[..., Path]) -> Iterator[str]:
    """Where the service with batched.yaml listens, every request in its log, with time enough for each."""
    knobs = {"logged_share": 1.0, "deadline_ms": 20_000, "explicit_batch": {"deadline_ms": 20_000}}
    service = Service(["uvicorn", "service.app:app"], batched(knobs))
    yield service.url
    service.stop()
