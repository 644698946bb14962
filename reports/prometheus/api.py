"""Asks Prometheus over its HTTP API; each error is a sentence for the user."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException
from typing import Any

import requests

from reports.data.addresses import AddressError, parse_base_url
from reports.data.system_trust import SystemTrust
from reports.prometheus.compare import LATENCY, MARGIN_S, METRICS
from reports.prometheus.series import PrometheusError, ScrapedSeries, TimeRange, parse_series

TIMEOUT_S = 30.0
MOST_REDIRECTS = 10
_NO_HTTP = (HTTPException, requests.exceptions.ContentDecodingError)
"""Raised, besides ValueError, by a reply that does not follow HTTP."""


class PrometheusClient:
    """Asks the Prometheus at a base URL, without a proxy; raises PrometheusError if that fails."""

    def __init__(self, url: str) -> None:
        try:
            parse_base_url(url)
        except AddressError:
            raise PrometheusError(
                f"{url!r} is no URL of a Prometheus; give one like http://127.0.0.1:9090 (--url)."
            ) from None
        self.url = url.rstrip("/")

    def fetch_during(self, time_range: TimeRange, job: str) -> list[ScrapedSeries]:
        """What was scraped of the service in the time range, and `MARGIN_S` before and after it."""
        length_s = time_range.length_s + 2 * MARGIN_S
        return self._fetch_series(job, length_s, {"time": f"{time_range.end_s + MARGIN_S:.3f}"})

    def fetch_latest(self, length_s: float, job: str) -> list[ScrapedSeries]:
        """What was scraped of the service in the last `length_s` seconds, by Prometheus' own clock."""
        return self._fetch_series(job, length_s, {})

    def _fetch_series(self, job: str, length_s: float, when: Mapping[str, str]) -> list[ScrapedSeries]:
        names = "|".join(METRICS)
        query = f'{{__name__=~"{names}", job={json.dumps(job)}}}[{round(length_s * 1000)}ms]'
        return parse_series(self._ask("query", {"query": query, **when}))

    def fetch_jobs(self) -> Sequence[str]:
        """All jobs that Prometheus scraped the service's latency for."""
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
            raise PrometheusError(self._explain_no_prometheus())
        return answer

    def _explain_refusal(self, reply: requests.Response) -> str:
        try:
            said = str(json.loads(reply.content)["error"])
        except (ValueError, KeyError, TypeError):
            return f"{self.url} answers HTTP {reply.status_code}, not as Prometheus does; is it one (--url)?"
        return f"Prometheus at {self.url} refuses the question: {said}"

    def _explain_failure(self, error: Exception) -> str:
        """By its cause: the error of the socket, or of a reply that does not follow HTTP."""
        if isinstance(error, requests.TooManyRedirects) and error.response is not None:
            return self._explain_refusal(error.response)
        causes = list(_follow_causes(error))
        if isinstance(error, ValueError) or any(isinstance(cause, _NO_HTTP) for cause in causes):
            return self._explain_no_prometheus()
        reason = [cause for cause in causes if isinstance(cause, OSError)][-1]
        told = str(reason.strerror or reason).lower()
        return f"Prometheus at {self.url} can't be reached: {told}. Is it running (--url)?"

    def _explain_no_prometheus(self) -> str:
        return f"{self.url} answers, but not as Prometheus does; is it one (--url)?"


def _open_session() -> requests.Session:
    """A session without proxy and .netrc, which requests would take from the environment.

    Each question and each redirect opens a connection: one that was kept may be closed by the server.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers["Connection"] = "close"
    session.max_redirects = MOST_REDIRECTS
    session.mount("https://", SystemTrust())
    return session


def _follow_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
