"""The services that are compared: how each is started, its requests and its replies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.generator.measuring import pick_port
from benchmarks.service.peers.regression import COEFFICIENTS, row

SUITE: Final = "this service"
STOCK: Final = "stock rest_model_service"
DATAFRAME: Final = "DataFrame pipeline"
CONSTANT: Final = "constant route"
SHORT_CONSTANT: Final = "constant reply, short way"
PEERS: Final = ("LitServe", "MLServer", "BentoML")
LIMITS: Final = (CONSTANT, SHORT_CONSTANT)

PEERS_FOLDER: Final = Path(__file__).parent / "peers"
CONFIGURATION: Final = Path("configuration/service")
DOOR: Final = "service.web.protocol:SheddingProtocol"
PATH: Final = "/api/models/insurance_charges_model/prediction"

Record = Mapping[str, Any]


@dataclass(frozen=True)
class ComparedService:
    """A service: its name in the results, its setup, and the form of its requests and replies."""

    name: str
    use: str
    command: Callable[[int], list[str]]
    """Called with the port on which to listen."""
    environment: Callable[[int], dict[str, str]] = lambda _: {}
    path: str = PATH
    body: Callable[[Record], Any] = dict
    """Returns the request body for one record."""
    charges: Callable[[Any], float] = lambda reply: reply["charges"]
    """Returns the predicted charges of a reply."""
    constant: bool = False
    """Whether each reply is the same, without a prediction."""


def list_services(environments: Path, coefficients: Path) -> list[ComparedService]:
    """Return all services but the two limits; `environments` has a virtual environment for each peer."""
    return [
        ComparedService(SUITE, "`batched.yaml`, micro-batches", _module("service"), _configured("batched")),
        ComparedService(
            STOCK, "`baseline.yaml`, a prediction a request, in a thread", _stock, _configured("baseline")
        ),
        ComparedService(
            DATAFRAME,
            "the stock service, a DataFrame and a scikit-learn pipeline a request",
            _stock,
            lambda _: {"REST_CONFIG": str(PEERS_FOLDER / "dataframe.yaml")},
        ),
        _litserve(environments / "litserve", coefficients),
        _mlserver(environments / "mlserver", coefficients),
        _bentoml(environments / "bentoml", coefficients),
    ]


def list_limits() -> list[ComparedService]:
    """Return the two constant routes; one process serves both."""
    use = {
        CONSTANT: "the framework's limit: an async POST, its body read and not parsed",
        SHORT_CONSTANT: "the same past the framework's layers, as this service's predictions go",
    }
    path = {CONSTANT: "/constant", SHORT_CONSTANT: "/constant/short"}
    return [
        ComparedService(name, use[name], _constant, _configured("batched"), path[name], constant=True)
        for name in LIMITS
    ]


def _module(name: str) -> Callable[[int], list[str]]:
    return lambda port: [sys.executable, "-m", name, "--port", str(port)]


def _stock(port: int) -> list[str]:
    return _uvicorn("rest_model_service.main:app", port)


def _constant(port: int) -> list[str]:
    return [*_uvicorn("benchmarks.service.peers.constant:app", port), "--http", DOOR]


def _uvicorn(application: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--no-access-log"]


def _configured(name: str) -> Callable[[int], dict[str, str]]:
    return lambda _: {"REST_CONFIG": str(CONFIGURATION / f"{name}.yaml")}


def _litserve(environment: Path, coefficients: Path) -> ComparedService:
    return ComparedService(
        "LitServe",
        "batches of 32 or 1 ms, one worker",
        lambda port: [str(environment / "bin/python"), str(PEERS_FOLDER / "litserve_server.py"), str(port)],
        lambda _: _shared(coefficients),
        "/predict",
    )


def _mlserver(environment: Path, coefficients: Path) -> ComparedService:
    def ports(port: int) -> dict[str, str]:
        beside = {f"MLSERVER_{name}_PORT": str(pick_port()) for name in ("GRPC", "METRICS")}
        return {"MLSERVER_HTTP_PORT": str(port)} | beside | _shared(coefficients)

    def body(record: Record) -> Any:
        numbers = list(map(float, row(record)))
        return {"inputs": [{"name": "rows", "shape": [1, 6], "datatype": "FP64", "data": numbers}]}

    return ComparedService(
        "MLServer",
        "batches of 32 or 1 ms, no parallel workers; a V2 request holds numbers",
        lambda _: [str(environment / "bin/mlserver"), "start", str(PEERS_FOLDER / "mlserver_settings")],
        ports,
        "/v2/models/insurance_charges/infer",
        body,
        lambda reply: reply["outputs"][0]["data"][0],
    )


def _bentoml(environment: Path, coefficients: Path) -> ComparedService:
    def command(port: int) -> list[str]:
        where = ["--working-dir", str(PEERS_FOLDER), "--host", "127.0.0.1", "--port", str(port)]
        return [str(environment / "bin/bentoml"), "serve", "bentoml_service:Insurance", *where]

    return ComparedService(
        "BentoML",
        "adaptive batches of up to 32, one worker",
        command,
        lambda _: _shared(coefficients) | {"BENTOML_DO_NOT_TRACK": "True"},
        "/predict",
        lambda record: {"records": [record]},
        lambda reply: reply[0],
    )


def _shared(coefficients: Path) -> dict[str, str]:
    return {COEFFICIENTS: str(coefficients), "PYTHONPATH": str(PEERS_FOLDER)}
