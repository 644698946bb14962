"""Models for a real service to host: one that can hang, fail or be held, one without `predict_batch`."""

from __future__ import annotations

import builtins
import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_base import MLModel

from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput


class OddModel(MLModel):  # type: ignore[misc]
    """Predicts 100 US dollars for each year of age, after `seconds` for any batch.

    Gives NaN for a person of `unsure_age`, None for one of `silent_age`, a text for one of `wordy_age`, and
    nothing for one of `skipped_age`, so that the batch has too few results. Fails on a batch with a person
    of `failing_age`, by raising the builtin exception named `failure`. Hangs for ever on one with
    `hanging_age`; the file `hung` exists once it does. While the file `gate` exists, each call waits; the
    file "gate.reached" beside it exists once a call does.
    """

    display_name = "Odd Model"
    qualified_name = "odd_model"
    description = "Predicts 100 US dollars for each year of age."
    version = "0.0.1"
    input_schema = InsuranceChargesModelInput
    output_schema = InsuranceChargesModelOutput

    def __init__(
        self,
        seconds: float = 0.0,
        failing_age: int = 0,
        failure: str = "ValueError",
        hanging_age: int = 0,
        hung: str = "",
        gate: str = "",
        unsure_age: int = 0,
        silent_age: int = 0,
        wordy_age: int = 0,
        skipped_age: int = 0,
    ) -> None:
        self._seconds = seconds
        self._failing_age = failing_age
        self._failure: type[BaseException] = getattr(builtins, failure)
        self._hanging_age = hanging_age
        self._hung = hung
        self._gate = Path(gate) if gate else None
        self._unsure_age = unsure_age
        self._silent_age = silent_age
        self._wordy_age = wordy_age
        self._skipped_age = skipped_age

    def predict(self, data: InsuranceChargesModelInput) -> InsuranceChargesModelOutput:
        return self.predict_batch((data,))[0]

    def predict_batch(self, data: Sequence[InsuranceChargesModelInput]) -> list[InsuranceChargesModelOutput]:
        ages = [each.age for each in data]
        if self._hanging_age in ages:
            if self._hung:
                Path(self._hung).touch()
            threading.Event().wait()
        if self._failing_age in ages:
            raise self._failure("an age this model does not like")
        if self._gate is not None and self._gate.exists():
            self._gate.with_name("gate.reached").touch()
            while self._gate.exists():
                time.sleep(0.005)
        time.sleep(self._seconds)
        return [self._predict_one(age) for age in ages if age != self._skipped_age]

    def _predict_one(self, age: int) -> Any:
        if age == self._silent_age:
            return None
        if age == self._wordy_age:
            return "about 5,000 US dollars"
        charges = math.nan if age == self._unsure_age else 100.0 * age
        return InsuranceChargesModelOutput.model_construct(charges=charges)


class OneAtATimeModel(MLModel):  # type: ignore[misc]
    """The same without `predict_batch`."""

    display_name = "One at a Time"
    qualified_name = "odd_model"
    description = "Predicts 100 US dollars for each year of age."
    version = "0.0.1"
    input_schema = InsuranceChargesModelInput
    output_schema = InsuranceChargesModelOutput

    def __init__(self) -> None:
        pass

    def predict(self, data: InsuranceChargesModelInput) -> InsuranceChargesModelOutput:
        return InsuranceChargesModelOutput(charges=100.0 * data.age)
