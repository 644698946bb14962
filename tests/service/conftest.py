"""A trained model and running services for the tests of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.model import training
from service.model.insurance import InsuranceChargesModel
from tests.service.live_service import LONG_MS, MIDDLEWARE, PATIENCE_S, ROOT, Gate, Service

BASELINE = ROOT / "configuration/service/baseline.yaml"
BATCHED = ROOT / "configuration/service/batched.yaml"


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
        values = yaml.safe_load(BASELINE.read_text())
        values["models"][0]["configuration"]["model_path"] = str(model_path)
        path = tmp_path_factory.mktemp("configuration") / "service.yaml"
        path.write_text(yaml.safe_dump(values))
        return path

    return write


@pytest.fixture(scope="session")
def start(configured: Callable[[Path], Path], model_path: Path) -> Iterator[Callable[..., Service]]:
    """Call with `python -m` words: the service with baseline.yaml that they run."""
    services: list[Service] = []

    def run(*command: str) -> Service:
        services.append(Service(command, configured(model_path)))
        return services[-1]

    yield run
    for service in services:
        service.close()


@pytest.fixture(scope="session")
def url(start: Callable[..., Service]) -> str:
    """Where the service with baseline.yaml listens."""
    return start(*MIDDLEWARE).url


@pytest.fixture(scope="session")
def batched(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Callable[..., Path]:
    """Call with settings, and with the entries of models if not ours: a copy of batched.yaml.

    Deadlines are long enough for any machine, unless the settings name them. The log is flushed at the end
    however long that takes, because tests read it.
    """

    def write(
        settings: Mapping[str, Any],
        model: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        flush_s: float = PATIENCE_S,
    ) -> Path:
        values = yaml.safe_load(BATCHED.read_text())
        values["models"][0]["configuration"]["model_path"] = str(model_path)
        if model is not None:
            models = [model] if isinstance(model, Mapping) else model
            values["models"] = [{"create_endpoint": False, **each} for each in models]
        generous = {"deadline_ms": LONG_MS, "explicit_batch": {"deadline_ms": LONG_MS}}
        values["serving"] = merged(merged(values["serving"], generous), settings)
        values["logging"]["handlers"]["console"]["flush_s"] = flush_s
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
    """Call with settings, a model's entry, further words and environment variables: such a service.

    `python -m service` runs it, unless `command` has other `python -m` words.
    """
    services: list[Service] = []

    def run(
        settings: Mapping[str, Any] | None = None,
        model: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        words: Sequence[str] = (),
        command: Sequence[str] = ("service",),
        flush_s: float = PATIENCE_S,
        **environment: str,
    ) -> Service:
        services.append(Service([*command, *words], batched(settings or {}, model, flush_s), environment))
        return services[-1]

    yield run
    for service in services:
        service.close()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A gate for an odd model; it is open at first, and at the end."""
    gate = Gate(tmp_path)
    yield gate
    gate.open()


@pytest.fixture(scope="session")
def batched_url(batched: Callable[..., Path]) -> Iterator[str]:
    """Where the service with batched.yaml listens, with every request in its log."""
    service = Service(MIDDLEWARE, batched({"logged_share": 1.0}))
    yield service.url
    service.close()
