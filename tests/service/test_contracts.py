"""What the service uses of other packages beyond their documented interfaces: one test for each item.

Each item is a row of ARCHITECTURE.md's table of reach-ins. A test fails with a sentence that says what a new
version of the package moved, and which module of the service depends on it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import uvicorn
from fastapi import APIRouter, FastAPI
from ml_base import MLModelDecorator
from ml_base.utilities import ModelManager
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from prometheus_fastapi_instrumentator.metrics import Info
from rest_model_service.configuration import MetricsConfiguration, ServiceConfiguration
from rest_model_service.helpers import create_app
from rest_model_service.routes import PredictionController
from rest_model_service.schemas import ReadinessStatus
from rest_model_service.status_manager import StatusManager
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState
from uvicorn.supervisors.multiprocess import SIGNALS, Multiprocess, Process

from service.model.schemas import InsuranceChargesModelOutput
from service.web.error_format import METADATA_PATH, ROOT_PATH
from service.web.protocol import _REFUSED_CYCLE
from tests.service.live_service import PATIENCE_S
from tests.service.odd_models import OneAtATimeModel

POST = b"POST /there?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n"


@contextmanager
def contract(package: str, used: str, module: str) -> Iterator[None]:
    """What fails inside fails with a sentence: `package` moved `used`, on which `module` depends."""
    try:
        yield
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError, TimeoutError) as error:
        sentence = f"{package} moved {used}: see {module}, and the table of reach-ins in ARCHITECTURE.md"
        pytest.fail(f"{sentence}\n{type(error).__name__}: {error}", pytrace=False)


class Recorder(HttpToolsProtocol):
    """uvicorn's protocol without tasks: it notes what there is when a request's head is complete."""

    def __init__(self, app: Any, state: dict[str, Any] | None = None) -> None:
        config = uvicorn.Config(app, http=Recorder, log_config=None, proxy_headers=False)
        loop = Mock(spec=asyncio.AbstractEventLoop)
        self.started: list[Any] = []
        loop.create_task = self.start_task
        super().__init__(config, ServerState(), state or {}, loop)
        self.transport_mock = Mock(spec=asyncio.Transport)
        self.transport_mock.get_extra_info.return_value = None
        self.transport_mock.is_closing.return_value = False
        self.connection_made(self.transport_mock)

    def start_task(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self.started.append(inspect.getcoroutinelocals(coroutine)["app"])
        coroutine.close()
        return Mock(spec=asyncio.Task)

    def sent(self) -> bytes:
        """What was written to the connection."""
        return b"".join(call.args[0] for call in self.transport_mock.write.call_args_list)


async def framework(scope: Any, receive: Any, send: Any) -> None:
    """An application that is never called."""


async def other(scope: Any, receive: Any, send: Any) -> None:
    """Another one."""


def test_uvicorn_completes_the_head_in_a_method_of_the_protocol() -> None:
    """With the URL, the method, the headers and the form of the request known, before there is a task."""
    seen: dict[str, Any] = {}

    class Protocol(Recorder):
        def on_headers_complete(self) -> None:
            seen.update(
                url=self.url,
                method=self.parser.get_method(),
                headers=self.headers,
                scope_headers=self.scope["headers"],
                keep_alive=self.parser.should_keep_alive(),
                upgrade=self.parser.should_upgrade(),
                expect=self.expect_100_continue,
                cycle=self.cycle,
                paused=self.flow.write_paused,
                root_path=self.root_path,
                tasks=len(self.started),
            )
            super().on_headers_complete()

    headers = [(b"host", b"h"), (b"content-length", b"2")]
    with contract(
        "uvicorn",
        "what HttpToolsProtocol.on_headers_complete finds",
        "SheddingProtocol.on_headers_complete in service/web/protocol.py",
    ):
        Protocol(framework).data_received(POST)
        assert seen == {
            "url": b"/there?a=b",
            "method": b"POST",
            "headers": headers,
            "scope_headers": headers,
            "keep_alive": True,
            "upgrade": False,
            "expect": False,
            "cycle": None,
            "paused": False,
            "root_path": "",
            "tasks": 0,
        }


def test_uvicorn_answers_what_is_no_http_in_a_method_of_the_protocol() -> None:
    seen = []

    class Protocol(Recorder):
        def send_400_response(self, msg: str) -> None:
            seen.append(msg)

    with contract(
        "uvicorn",
        "HttpToolsProtocol.send_400_response",
        "SheddingProtocol.send_400_response in service/web/protocol.py",
    ):
        Protocol(framework).data_received(b"\x16\x03\x01\r\n\r\n")
        assert seen == ["Invalid HTTP request received."]


def test_uvicorn_calls_the_protocols_app() -> None:
    """An application that is set when the head is complete is the one that is called."""

    class Protocol(Recorder):
        def on_headers_complete(self) -> None:
            self.app = other
            super().on_headers_complete()

    with contract(
        "uvicorn",
        "HttpToolsProtocol.app, which on_headers_complete calls",
        "SheddingProtocol.on_headers_complete in service/web/protocol.py",
    ):
        protocol = Protocol(framework)
        protocol.data_received(POST)
        assert protocol.started == [other]


def test_uvicorn_completes_the_body_in_a_method_of_the_protocol() -> None:
    """The scope there is the one that the application gets."""
    same_scope = []

    class Protocol(Recorder):
        def on_message_complete(self) -> None:
            same_scope.append(self.scope is self.cycle.scope)
            super().on_message_complete()

    with contract(
        "uvicorn",
        "HttpToolsProtocol.on_message_complete, or the scope of its cycle",
        "SheddingProtocol.on_message_complete in service/web/protocol.py",
    ):
        protocol = Protocol(framework)
        protocol.data_received(POST + b"{")
        assert same_scope == []
        protocol.data_received(b"}")
        assert same_scope == [True]


class Refusing(Recorder):
    """Refuses each request at its head, as `SheddingProtocol` does."""

    def on_headers_complete(self) -> None:
        content = [STATUS_LINE[503]]
        for name, value in (*self.server_state.default_headers, (b"content-length", b"0")):
            content += (name, b": ", value, b"\r\n")
        self.transport.write(b"".join((*content, b"\r\n")))
        self.cycle = _REFUSED_CYCLE
        self.on_response_complete()


def test_uvicorn_has_status_lines_and_default_headers_for_a_refusal() -> None:
    with contract(
        "uvicorn",
        "STATUS_LINE, ServerState.default_headers or HttpToolsProtocol.on_response_complete",
        "SheddingProtocol._refuse in service/web/protocol.py",
    ):
        protocol = Refusing(framework)
        protocol.server_state.default_headers = [(b"server", b"uvicorn")]
        protocol.data_received(POST)
        assert protocol.sent() == (
            b"HTTP/1.1 503 Service Unavailable\r\nserver: uvicorn\r\ncontent-length: 0\r\n\r\n"
        )
        assert protocol.server_state.total_requests == 1


def test_uvicorn_takes_a_stand_in_for_a_refused_requests_cycle() -> None:
    """The body of a refused request is ignored, the next request begins, and the connection can end."""
    with contract(
        "uvicorn",
        "what HttpToolsProtocol asks of the cycle of a finished request",
        "_RefusedCycle in service/web/protocol.py",
    ):
        protocol = Refusing(framework)
        protocol.data_received(POST + b"{}" + POST)
        protocol.data_received(b"{}")
        protocol.shutdown()
        assert protocol.transport_mock.close.called
        protocol.connection_lost(None)
        assert protocol.sent().count(b"HTTP/1.1 503") == 2


def test_uvicorn_gives_the_protocol_the_lifespan_state() -> None:
    """What the application's lifespan yields is there when a connection is made."""
    found: list[Any] = []

    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            found.append(getattr(self, "app_state", {}).get("key"))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"key": "value"}

    async def main() -> None:
        server = quiet_server(FastAPI(lifespan=lifespan), http=Protocol)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0)
        port = server.servers[0].sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        while not found:
            await asyncio.sleep(0)
        writer.close()
        server.should_exit = True
        await serving

    with contract(
        "uvicorn",
        "HttpToolsProtocol.app_state, the state of the lifespan",
        "SheddingProtocol.__init__ in service/web/protocol.py",
    ):
        asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
        assert found == ["value"]


def quiet_server(app: Any, **options: Any) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, **options))


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def signalled(request: pytest.FixtureRequest) -> Iterator[tuple[list[Any], list[int], uvicorn.Server]]:
    """A server that got a signal in its lifespan: the handler there, calls of the earlier one, the server."""
    handlers: list[Any] = []
    raised_again: list[int] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        handlers.append(signal.getsignal(request.param))
        signal.raise_signal(request.param)
        server.should_exit = True
        yield

    server = quiet_server(FastAPI(lifespan=lifespan))
    before = signal.signal(request.param, lambda number, _: raised_again.append(number))
    try:
        asyncio.run(server.serve())
        yield handlers, raised_again, server
    finally:
        signal.signal(request.param, before)


def test_uvicorn_sets_its_signal_handlers_before_the_lifespan(
    signalled: tuple[list[Any], list[int], uvicorn.Server],
) -> None:
    """So a handler that is set in the lifespan can call uvicorn's own."""
    handlers, _, server = signalled
    with contract(
        "uvicorn",
        "its signal handlers, which it sets with signal.signal before the lifespan begins",
        "Drain.install in service/web/drain.py",
    ):
        assert handlers == [server.handle_exit]


def test_uvicorn_raises_a_signal_again_after_the_shutdown(
    signalled: tuple[list[Any], list[int], uvicorn.Server],
) -> None:
    """For the earlier handlers: those of `python -m service` ignore it, so that it exits with 0."""
    _, raised_again, _ = signalled
    with contract(
        "uvicorn",
        "the raising of a received signal after the shutdown",
        "main in service/__main__.py, whose own handlers may not be needed any more",
    ):
        assert len(raised_again) == 1


def test_uvicorns_parent_of_workers_ends_them_in_one_method() -> None:
    """It is called once, when the parent is to stop, with the shared sockets and received signals at hand."""
    called = []

    class Supervisor(Multiprocess):
        def init_processes(self) -> None:
            self.signal_queue.append(signal.SIGTERM)

        def terminate_all(self) -> None:
            called.append((self.sockets, self.signal_queue))
            super().terminate_all()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    with contract(
        "uvicorn",
        "Multiprocess.terminate_all, .sockets or .signal_queue",
        "WorkerSupervisor in service/web/workers.py",
    ):
        try:
            Supervisor(uvicorn.Config(framework, log_config=None), []).run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        assert called == [([], [])]


def test_uvicorns_parent_asks_each_worker_over_a_pipe_and_heeds_an_event() -> None:
    """The parent keeps both ends, so that closing the worker's there is left to do; the event stops it."""
    with contract(
        "uvicorn",
        "Process.child_conn, or the checks of should_exit in Multiprocess.restart_all",
        "WorkerSupervisor in service/web/workers.py",
    ):
        worker = Process(uvicorn.Config(framework, log_config=None), [])
        assert not worker.child_conn.closed
        worker.child_conn.close()
        assert not worker.ping(timeout=0)
        assert "self.should_exit.is_set()" in inspect.getsource(Multiprocess.restart_all)


def ask(app: Any, path: str) -> tuple[int, bytes]:
    """Status and content of the reply to a GET request."""
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "scheme": "http",
        "server": ("h", 80),
        "client": ("h", 1),
        "http_version": "1.1",
    }
    asyncio.run(app(scope, receive, send))
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages)


async def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ours")


def test_fastapi_asks_the_first_of_its_routes_first() -> None:
    """A route that is put before an included router answers in its place."""
    router = APIRouter()

    @router.get("/there")
    async def there() -> str:
        return "theirs"

    app = FastAPI()
    app.include_router(router)
    with contract(
        "FastAPI",
        "app.router.routes, the list of routes in the order in which they are asked",
        "unify_errors in service/web/error_format.py",
    ):
        app.router.routes.insert(0, Route("/there", answer, methods=["GET"]))
        assert ask(app, "/there") == (200, b"ours")


def test_fastapi_documents_invalid_requests_under_these_names() -> None:
    app = FastAPI()

    @app.get("/there")
    async def there(number: int) -> int:
        return number

    with contract(
        "FastAPI",
        "422, HTTPValidationError or ValidationError in the OpenAPI document",
        "_document_errors in service/web/error_format.py",
    ):
        document = app.openapi()
        assert document["paths"]["/there"]["get"]["responses"].keys() == {"200", "422"}
        assert document["components"]["schemas"].keys() == {"HTTPValidationError", "ValidationError"}


@pytest.fixture
def stock_service() -> Iterator[Callable[..., FastAPI]]:
    """Call with class paths: rest_model_service's application with these models."""

    def make(*class_paths: str) -> FastAPI:
        models = [{"class_path": each, "create_endpoint": False} for each in class_paths]
        app: FastAPI = create_app(
            ServiceConfiguration.model_validate({"models": models}), wait_for_model_creation=True
        )
        return app

    yield make
    StatusManager.clear_instance()
    ModelManager()
    ModelManager.clear_instance()


def test_rest_model_service_documents_its_redirect_as_json(stock_service: Callable[..., FastAPI]) -> None:
    app = stock_service()
    with contract(
        "rest_model_service",
        "its redirect of / to /docs, or the documented 200 of it",
        "ROOT_PATH in service/web/error_format.py, which may not be needed any more",
    ):
        assert app.openapi()["paths"][ROOT_PATH]["get"]["responses"].keys() == {"200"}
        assert ask(app, ROOT_PATH)[0] == 307


def test_rest_model_service_documents_its_metadata_there(stock_service: Callable[..., FastAPI]) -> None:
    with contract(
        "rest_model_service",
        "its route of a model's metadata, or the documented 500 of it",
        "METADATA_PATH in service/web/error_format.py",
    ):
        assert "500" in stock_service().openapi()["paths"][METADATA_PATH]["get"]["responses"]


def test_rest_model_service_logs_the_failure_of_a_model_there(
    stock_service: Callable[..., FastAPI], caplog: pytest.LogCaptureFixture
) -> None:
    """And raises it. The service filters the traceback out if it is about a model file."""
    with contract(
        "rest_model_service",
        "the logger 'rest_model_service.helpers', or what it logs when a model can't be loaded",
        "MODEL_LOADING_LOGGER in service/app.py",
    ):
        with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="no model"):
            stock_service(f"{__name__}.BrokenModel")
        logged = [(each.name, type(each.exc_info[1])) for each in caplog.records if each.exc_info]
        assert logged == [("rest_model_service.helpers", RuntimeError)]


class BrokenModel:
    """A model that can't be loaded."""

    def __init__(self) -> None:
        raise RuntimeError("no model")


def test_rest_model_service_reports_the_readiness_that_is_set(stock_service: Callable[..., FastAPI]) -> None:
    with contract(
        "rest_model_service",
        "StatusManager, the process's readiness",
        "Drain in service/web/drain.py",
    ):
        app = stock_service()
        assert ask(app, "/api/health/ready")[0] == 200
        StatusManager().set_readiness_status(ReadinessStatus.REFUSING_TRAFFIC)
        assert ask(app, "/api/health/ready")[0] == 503


class SecondModel(OneAtATimeModel):
    """The same under another name."""

    qualified_name = "another_model"


def test_rest_model_service_keeps_models_in_the_order_of_the_configuration(
    stock_service: Callable[..., FastAPI],
) -> None:
    with contract(
        "rest_model_service",
        "ModelManager, the process's models in the order of the configuration",
        "_select_models_to_serve in service/app.py",
    ):
        stock_service("tests.service.odd_models.OneAtATimeModel", f"{__name__}.SecondModel")
        names = [model["qualified_name"] for model in ModelManager().get_models()]
        assert names == ["odd_model", "another_model"]
        assert type(ModelManager().get_model("another_model")).__name__ == "SecondModel"


def test_rest_model_services_own_endpoint_is_a_callable() -> None:
    """It takes validated data and returns a response."""
    model = OneAtATimeModel()
    data = model.input_schema.model_validate(model.input_schema.model_json_schema()["examples"][0])
    with contract(
        "rest_model_service",
        "PredictionController(model), which answers data with a response",
        "_add_stock_endpoint in service/web/routes.py",
    ):
        assert json.loads(bytes(PredictionController(model=model)(data).body)) == {"charges": 4_200.0}


def test_rest_model_services_own_endpoint_calls_predict_of_the_model_in_its_decorators() -> None:
    """Also where it was replaced after the endpoint was made."""
    model = OneAtATimeModel()
    decorated = MLModelDecorator(model)
    controller = PredictionController(model=decorated)
    data = model.input_schema.model_validate(model.input_schema.model_json_schema()["examples"][0])
    with contract(
        "ml_base",
        "MLModelDecorator, which holds its model as _model",
        "_trace_calls in service/web/framework_tracing.py",
    ):
        assert decorated.__dict__["_model"] is model
        model.predict = lambda data: InsuranceChargesModelOutput(charges=data.age)
        assert json.loads(bytes(controller(data).body)) == {"charges": 42.0}


def test_rest_model_services_metrics_settings_are_the_instrumentators() -> None:
    fields = MetricsConfiguration.model_fields.keys() - {"enabled"}
    with contract(
        "prometheus-fastapi-instrumentator",
        "a setting of rest_model_service's MetricsConfiguration",
        "HttpMetrics in service/web/http_metrics.py",
    ):
        assert fields - inspect.signature(Instrumentator).parameters.keys() == set()


def test_the_instrumentator_calls_what_is_added_instead_of_its_default() -> None:
    """With the labels, the status and the duration that it would count itself."""
    infos: list[Info] = []
    registry = CollectorRegistry()
    app = FastAPI()
    app.add_route("/there", answer)
    with contract(
        "prometheus-fastapi-instrumentator",
        "add(), which replaces its default metrics, or the fields of Info",
        "HttpMetrics in service/web/http_metrics.py",
    ):
        instrumentator = Instrumentator(should_group_status_codes=False, registry=registry)
        instrumentator.add(infos.append).instrument(app)
        ask(app, "/there")
        (info,) = infos
        assert (info.method, info.modified_handler, info.modified_status) == ("GET", "/there", "200")
        assert info.modified_duration >= 0.0
        assert info.response is not None
        assert info.request.headers.get("Content-Length") is None
        assert list(registry.collect()) == []


def test_prometheus_client_names_files_of_gauges_by_process(tmp_path: Path) -> None:
    """`gauge_live...<pid>.db`; those of a process that is marked dead are removed."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(code: str) -> str:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    with contract(
        "prometheus_client",
        "the names of its files of gauges, or mark_process_dead",
        "remove_gauges_of_dead_processes in service/observability/worker_gauges.py",
    ):
        pid = run(
            "import os; from prometheus_client import Gauge; "
            "Gauge('g', 'g', multiprocess_mode='livesum').set(1); print(os.getpid())"
        )
        assert [path.name for path in tmp_path.iterdir()] == [f"gauge_livesum_{pid}.db"]
        run("from service.observability import worker_gauges as w; w.remove_gauges_of_dead_processes()")
        assert list(tmp_path.iterdir()) == []
