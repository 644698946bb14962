"""What a model gives is encoded if it is a prediction, and reported if it is none."""

from __future__ import annotations

import json
import logging
import math
from typing import Any

import pytest
from pydantic import BaseModel

from service.batching.inference import PredictionError
from service.batching.output_codec import OutputCodec


class Scored(BaseModel):
    """A prediction that may lack its reason."""

    score: float
    reason: str | None = None


CODEC = OutputCodec(Scored)
GOOD = [Scored(score=0.5, reason="null"), Scored(score=1.0)]
NONE = [None, {"score": 1.0}, Scored.model_construct(score=math.nan), Scored.model_construct(score=math.inf)]


def test_predictions_are_encoded() -> None:
    alone = [json.loads(CODEC.encode(each)) for each in GOOD]
    assert alone == [{"score": 0.5, "reason": "null"}, {"score": 1.0, "reason": None}]
    assert json.loads(b"[%b]" % CODEC.encode_all(GOOD)) == alone


@pytest.mark.parametrize("wrong", NONE)
def test_what_is_no_prediction_is_logged_and_refused(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    for encode in (lambda: CODEC.encode(wrong), lambda: CODEC.encode_all([*GOOD, wrong])):
        with caplog.at_level(logging.ERROR), pytest.raises(PredictionError) as error:
            encode()
        assert error.value.error_id in caplog.text
        assert f"{wrong!r}, which is no prediction" in caplog.text
        caplog.clear()
