"""The regression on LitServe: `python litserve_server.py PORT`."""

from __future__ import annotations

import sys

import litserve
import numpy as np
from numpy.typing import NDArray
from regression import Regression, row


class Api(litserve.LitAPI):
    """Batches of up to 32 rows, or what came within a millisecond: that measures better than 5 ms here."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe passes it
        """Load the regression, in the process that predicts."""
        self.regression = Regression.load()

    def decode_request(self, request):
        """A record as numbers; LitServe would take an annotation of `request` for the body's schema."""
        return row(request)

    def batch(self, inputs: list[tuple[float, ...]]) -> NDArray[np.float64]:
        """The rows of a batch in one array."""
        return np.array(inputs, dtype=np.float64)

    def predict(self, x: NDArray[np.float64]) -> list[float]:
        """The charges of a batch."""
        return self.regression.charges(x).tolist()

    def unbatch(self, output: list[float]) -> list[float]:
        """One result a request."""
        return output

    def encode_response(self, output: float) -> dict[str, float]:
        """The reply."""
        return {"charges": output}


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(max_batch_size=32, batch_timeout=0.001), accelerator="cpu", devices=1, workers_per_device=1
    )
    server.run(
        "127.0.0.1", int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="warning"
    )
