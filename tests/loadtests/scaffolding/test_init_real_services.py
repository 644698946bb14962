"""From the URL of somebody else's service to a verdict, without editing what `init` wrote."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.data.folder import read_run
from tests.ports import find_free_port

pytestmark = [pytest.mark.real, pytest.mark.extended]

ROOT = Path(__file__).parents[3]
SERVICES = Path(__file__).parent / "services"
MLSERVER = ".venv-bench/mlserver/bin/mlserver"
PATIENCE_S = 240.0
SECRETS = {"SERVICE_USER": "ada", "SERVICE_PASSWORD": "engine", "X_API_KEY": "open sesame"}
TAKEN = "ok", "timeout"
"""On a busy machine a reply may come too late; any other outcome is a mistake in what was written."""


@contextmanager
def start_service(
    command: list[str], folder: Path, ready: str, environment: dict[str, str]
) -> Iterator[None]:
    """A service in a process group of its own, which ends with it."""
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
        )
    try:
        deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not answers(ready):
            assert process.poll() is None, f"{command} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command} never answered"
            pause.wait(0.1)
        yield
        assert process.poll() is None, "the service died of what it was asked"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command of the suite, started in a folder of one's own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(
        [sys.executable, "-m", "loadtests", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def run_to_verdict(folder: Path, file: str, url: str, **variables: str) -> set[str]:
    """Check what was written, run a short form of it; return the names of the endpoints that were sent."""
    checked = run(folder, "--check", file)
    assert checked.returncode == 0, checked.stderr
    done = run(folder, "--scenario", file, "--host", url, "--time-scale", "0.05", **variables)
    assert done.returncode in (0, 1, 3), done.stdout + done.stderr
    samples = read_run(folder / "results" / "latest").samples
    outcomes = set(samples.outcome.decode().tolist())
    assert outcomes <= set(TAKEN), (outcomes, done.stdout)
    assert "ok" in outcomes
    return set(samples.endpoint.decode().tolist())


def start_uvicorn(application: str, **environment: str) -> tuple[str, AbstractContextManager[None]]:
    """The URL of an application in the folder of services, and the service to be started."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]
    return url, start_service(command, SERVICES, f"{url}/openapi.json", environment)


def read_endpoints(file: Path) -> dict[str, Any]:
    traffic = yaml.safe_load(file.read_text())["traffic"]
    return {each["name"]: each for each in traffic["endpoints"]}


def test_a_fastapi_service_with_a_login(tmp_path: Path) -> None:
    """Nested schemas, OAuth2 with a password, an API key, parameters in path, query and header."""
    url, service = start_uvicorn("orders:app")
    with service:
        done = run(tmp_path, "init", url, **SECRETS)
        assert done.returncode == 0, done.stderr
        file = tmp_path / "scenarios" / "orders-scores.yaml"
        endpoints = read_endpoints(file)
        assert set(endpoints) >= {"create_order", "search", "list_reports"}
        assert not {"delete_order", "reload_models", "check_health", "log_in"} & set(endpoints)
        assert endpoints["create_order"]["expect"] == {"realistic": 201, "invalid": 422}
        assert endpoints["create_order"]["reply"]["fields"]["risk"] == {"min": 0, "max": 1}
        assert "# - name: delete_order" in file.read_text()
        everything = done.stdout + "".join(path.read_text() for path in (tmp_path / "scenarios").iterdir())
        assert not [secret for secret in SECRETS.values() if secret in everything]
        sent = run_to_verdict(tmp_path, str(file), url, **SECRETS)
        assert {"login", "create_order"} <= sent


def test_what_needs_a_secret_that_is_not_set_is_written_and_not_asked(tmp_path: Path) -> None:
    url, service = start_uvicorn("orders:app")
    with service:
        done = run(tmp_path, "init", url)
    assert done.returncode == 0, done.stderr
    assert "needs the environment variable SERVICE_USER, which is not set" in done.stdout
    assert "← 200" in done.stdout, "what needs none is asked"
    assert "create_order" in read_endpoints(tmp_path / "scenarios" / "orders-scores.yaml")


def test_a_stock_rest_model_service(tmp_path: Path) -> None:
    url, service = start_uvicorn(
        "rest_model_service.main:app", REST_CONFIG="iris.yaml", PYTHONPATH=str(SERVICES)
    )
    with service:
        done = run(tmp_path, "init", url)
        assert done.returncode == 0, done.stderr
        file = tmp_path / "scenarios" / "iris.yaml"
        prediction = read_endpoints(file)["iris_model_prediction"]
        assert prediction["expect"] == {"invalid": [400, 422]}
        assert prediction["payload"]["kinds"] == {"realistic": 9, "invalid": 1}
        assert "← 200" in done.stdout
        assert "iris_model_prediction" in run_to_verdict(tmp_path, str(file), url)
        by_metadata = run(tmp_path, "init", url, "--model", "iris_model")
        assert by_metadata.returncode == 0, by_metadata.stderr
        file = tmp_path / "scenarios" / "iris-model.yaml"
        assert run_to_verdict(tmp_path, str(file), url) == {"iris_model"}


def start_mlserver(require: Callable[..., None]) -> tuple[str, str, AbstractContextManager[None]]:
    """Its URLs for HTTP and for gRPC, and the service to be started."""
    require(MLSERVER)
    ports = {name: str(find_free_port()) for name in ("HTTP", "GRPC", "METRICS")}
    http, grpc = (f"http://127.0.0.1:{ports[name]}" for name in ("HTTP", "GRPC"))
    environment = {f"MLSERVER_{name}_PORT": port for name, port in ports.items()} | {"PYTHONPATH": "."}
    command = [str(ROOT / MLSERVER), "start", "."]
    ready = f"{http}/v2/models/sums/ready"
    return http, grpc, start_service(command, SERVICES / "mlserver_sums", ready, environment)


def test_mlserver(tmp_path: Path, require: Callable[..., None]) -> None:
    url, _, service = start_mlserver(require)
    with service:
        done = run(tmp_path, "init", url)
        assert done.returncode == 0, done.stderr
        file = tmp_path / "scenarios" / "sums.yaml"
        endpoint = read_endpoints(file)["sums"]
        assert endpoint["path"] == "/v2/models/sums/infer"
        assert endpoint["reply"]["fields"]["outputs[0].name"] == {"is": "sum"}
        assert run_to_verdict(tmp_path, str(file), url) == {"sums"}
        unknown = run(tmp_path, "init", url, "--model", "products")
        assert unknown.returncode == 2
        assert "knows no model 'products'" in unknown.stderr


def test_mlserver_over_grpc(tmp_path: Path, require: Callable[..., None]) -> None:
    """The same model by its metadata over gRPC; the replies are those that it gives over HTTP."""
    _, url, service = start_mlserver(require)
    with service:
        done = run(tmp_path, "init", "--grpc", url)
        assert done.returncode == 0, done.stderr
        file = tmp_path / "scenarios" / "sums.yaml"
        endpoint = read_endpoints(file)["sums"]
        assert endpoint["grpc"] == {"model": "sums"}
        assert endpoint["payload"]["template"]["inputs"][0]["shape"] == [1, 4]
        assert endpoint["reply"]["fields"]["outputs[0].name"] == {"is": "sum"}
        assert run_to_verdict(tmp_path, str(file), url) == {"sums"}
        named = run(tmp_path, "init", "--grpc", url, "--model", "sums", "--out", "named.yaml")
        assert named.returncode == 0, named.stderr
        assert read_endpoints(tmp_path / "named.yaml") == read_endpoints(file)
        unknown = run(tmp_path, "init", "--grpc", url, "--model", "products")
        assert unknown.returncode == 2
        assert "knows no model 'products'" in unknown.stderr
