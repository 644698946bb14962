"""Ask a Prometheus over its HTTP API; whatever goes wrong is a sentence."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any

from reports.data.addresses import AddressError, parse_base_url
from reports.prometheus.compare import LATENCY, MARGIN_S, METRICS, PrometheusError, Series, Window, parse

TIMEOUT_S = 30.0


class Prometheus:
    """A Prometheus at a base URL; PrometheusError where it can't be asked. No proxy is used."""

    def __init__(self, url: str) -> None:
        try:
            parse_base_url(url)
        except AddressError:
            raise PrometheusError(
                f"{url!r} is no URL of a Prometheus; give one like http://127.0.0.1:9090 (--url)."
            ) from None
        self.url = url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

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
        address = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(values)}"
        try:
            with self._opener.open(address, timeout=TIMEOUT_S) as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                raise PrometheusError(self._refusal(error.code, error.read())) from None
        except (OSError, HTTPException, ValueError) as error:
            raise PrometheusError(self._failure(error)) from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise PrometheusError(f"{self.url} answers, but not as Prometheus does; is it one (--url)?")
        return answer

    def _refusal(self, status: int, body: bytes) -> str:
        try:
            said = str(json.loads(body)["error"])
        except (ValueError, KeyError, TypeError):
            return f"{self.url} answers HTTP {status}, not as Prometheus does; is it one (--url)?"
        return f"Prometheus at {self.url} refuses the question: {said}"

    def _failure(self, error: Exception) -> str:
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | HTTPException):
            return f"{self.url} answers, but not as Prometheus does; is it one (--url)?"
        reason = getattr(error, "reason", error)
        told = getattr(reason, "strerror", None) or reason
        return f"Prometheus at {self.url} can't be reached: {str(told).lower()}. Is it running (--url)?"
