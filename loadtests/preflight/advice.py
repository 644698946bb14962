"""Says what to do about a request that failed in the preflight."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from loadtests.client.connection import Connection
from loadtests.client.reply import Reply
from loadtests.client.target import HEADERS_VARIABLE, Target
from reports.data.failed_requests import FailedRequest

MODEL_LISTS: Final = ("/api/models", "/v2/models")
"""Where rest_model_service, and some servers of the Open Inference Protocol, list their models."""
OWN_MODEL: Final = "insurance_charges_model"
ASK_TIMEOUT_S: Final = 2.0
_MODEL: Final = re.compile(r"(/api/models|/v2/models)/([^/?]+)")
_NAMES: Final = ("qualified_name", "name")
_BY_OUTCOME: Final = {
    "timeout": "raise `timeout` under `traffic` if such a request may take longer",
    "shed": "the service is overloaded already; if shedding is right here, state expected: [shed]",
    "reset": "the service closed the connection without a reply: its log may say why",
}
_BY_STATUS: Final = {
    400: "the service's schema and `payload` differ: see what it says",
    404: "correct `path`, or the path in --host",
    413: "send less at once: `rows` under `payload`",
    415: "state the content type that the service takes: headers: {Content-Type: ...}, or encoding: form",
    422: "the service's schema and `payload` differ: see what it says",
}


class Adviser:
    """Knows what may be wrong, and asks the service for the models it has, if there is a way to ask it.

    There is none over gRPC: then `connection` is None.
    """

    def __init__(self, target: Target, connection: Connection | None, logins: Collection[str] = ()) -> None:
        self._target = target
        self._logins = logins
        self._connection = connection

    def advise(self, failed: FailedRequest, reply: Reply) -> str:
        """What to do, in a sentence without full stop; empty if nothing is known."""
        if 300 <= failed.status < 400:
            leads = reply.find_header("Location") is not None
            return f"redirects are not followed{': aim at where it leads' if leads else ''}"
        if failed.kind == "invalid" and 400 <= failed.status < 500:
            return f"if that is how it refuses invalid records, state `expect: {{invalid: {failed.status}}}`"
        if failed.endpoint in self._logins and 400 <= failed.status < 500:
            return "the login is refused: correct its `payload`, or the environment variables that it names"
        if failed.status in (401, 403):
            where = f"{HEADERS_VARIABLE}='Authorization: ...', or `headers` of the endpoint"
            return f"the credentials are missing or wrong: {where}"
        if failed.status == 405:
            allowed = reply.find_header("Allow")
            return f"correct `method`{f': {allowed} is allowed' if allowed else ''}"
        if failed.status == 404 and self._connection is None:
            return "correct `model` or `version` under `grpc`, or the port in --host"
        if failed.status >= 400 and (advice := self._advise_on_model(failed.path)):
            return advice
        return _BY_OUTCOME.get(failed.outcome) or _BY_STATUS.get(failed.status, "")

    def _advise_on_model(self, path: str) -> str:
        """That the service has other models than the one asked for."""
        found = _MODEL.match(path.removeprefix(self._target.prefix))
        if found is None:
            return ""
        models = self._list_models(found[1])
        if not models and found[2] == OWN_MODEL:
            return (
                "the scenario is that of the suite's own service; write one for yours: "
                f"model-loadtest init {self._target.url}"
            )
        if not models or found[2] in models:
            return ""
        return f"it has {', '.join(models)}; you asked for {found[2]}"

    def _list_models(self, path: str) -> list[str]:
        """The names of the service's models; empty if it doesn't tell."""
        if self._connection is None:
            return []
        head = self._target.encode_head("GET", path, {"Accept": "application/json"})
        reply = self._connection.exchange(b"%b\r\n" % head, ASK_TIMEOUT_S, repeatable=True)
        if reply.status != 200:
            return []
        try:
            return list(_iterate_names(json.loads(reply.body)))
        except ValueError:
            return []


def _iterate_names(told: Any) -> Iterator[str]:
    """The names in `{"models": [...]}` or a plain list, each a name or a mapping that holds one."""
    models = told.get("models") if isinstance(told, dict) else told
    for model in models if isinstance(models, list) else ():
        name: Any = model
        if isinstance(model, dict):
            name = next((model[key] for key in _NAMES if key in model), None)
        if isinstance(name, str):
            yield name
