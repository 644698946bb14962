"""Asks a Prometheus over its HTTP API; whatever goes wrong is a sentence."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from reports.data.addresses import AddressError, base_url
from reports.prometheus.compare import LATENCY, MARGIN_S, METRICS, PrometheusError, Series, Window, parse

TIMEOUT_S = 30.0
MOST_REDIRECTS = 10
_NO_HTTP = (HTTPException, requests.exceptions.ContentDecodingError)
"""What a reply raises that breaks HTTP, beside ValueError."""


class _SystemTrust(HTTPAdapter):
    """TLS that trusts the authorities of this machine (SSL_CERT_FILE), not those that requests brings."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=ssl.create_default_context(), **options)

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Add no authorities: the context checks names and chains."""


class Prometheus:
    """A Prometheus at a base URL; PrometheusError where it can't be asked. No proxy is used."""

    def __init__(self, url: str) -> None:
        try:
            base_url(url)
        except AddressError:
            raise PrometheusError(
                f"{url!r} is no URL of a Prometheus; give one like http://127.0.0.1:9090 (--url)."
            ) from None
        self.url = url.rstrip("/")

    def during(self, window: Window, job: str) -> list[Series]:
        """What was scraped of the service in the window, and around it as far as `MARGIN_S`."""
        length_s = window.end_s - window.start_s + 2 * MARGIN_S
        return self._samples(job, length_s, {"time": f"{window.end_s + MARGIN_S:.3f}"})

    def latest(self, length_s: float, job: str) -> list[Series]:
        """What was scraped of the service in the last `length_s` seconds, by Prometheus' own clock."""
        return self._samples(job, length_s, {})

    def _samples(self, job: str, length_s: float, when: Mapping[str, str]) -> list[Series]:
        names = "|".join(METRICS)
        query = f'{{__name__=~"{names}", job={json.dumps(job)}}}[{round(length_s * 1000)}ms]'
        return parse(self._ask("query", {"query": query, **when}))

    def jobs(self) -> Sequence[str]:
        """The jobs that the service's latency was ever scraped under."""
        answer = self._ask("label/job/values", {"match[]": f"{LATENCY}_count"})
        return [str(name) for name in answer.get("data", ())]

    def _ask(self, what: str, values: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            with _open_session() as session:
                reply = session.get(f"{self.url}/api/v1/{what}", params=values, timeout=TIMEOUT_S)
            if not 200 <= reply.status_code < 300:
                raise PrometheusError(self._explain_refusal(reply))
            answer = json.loads(reply.content)
        except (requests.RequestException, ValueError) as error:
            raise PrometheusError(self._explain_failure(error)) from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise PrometheusError(self._explain_stranger())
        return answer

    def _explain_refusal(self, reply: requests.Response) -> str:
        try:
            said = str(json.loads(reply.content)["error"])
        except (ValueError, KeyError, TypeError):
            return f"{self.url} answers HTTP {reply.status_code}, not as Prometheus does; is it one (--url)?"
        return f"Prometheus at {self.url} refuses the question: {said}"

    def _explain_failure(self, error: Exception) -> str:
        """By what it was raised from: the socket's own error, or that of a reply which is none of HTTP."""
        if isinstance(error, requests.TooManyRedirects) and error.response is not None:
            return self._explain_refusal(error.response)
        causes = list(_follow_causes(error))
        if isinstance(error, ValueError) or any(isinstance(cause, _NO_HTTP) for cause in causes):
            return self._explain_stranger()
        reason = [cause for cause in causes if isinstance(cause, OSError)][-1]
        told = str(reason.strerror or reason).lower()
        return f"Prometheus at {self.url} can't be reached: {told}. Is it running (--url)?"

    def _explain_stranger(self) -> str:
        return f"{self.url} answers, but not as Prometheus does; is it one (--url)?"


def _open_session() -> requests.Session:
    """A session that takes no proxy, no password and no certificates from the environment's settings."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = MOST_REDIRECTS
    session.mount("https://", _SystemTrust())
    return session


def _follow_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
