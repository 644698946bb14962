"""The regression's features of a policyholder."""

from __future__ import annotations

from typing import Any

import pytest

from service.model.features import FEATURES, compute_features, encode_inputs
from service.model.schemas import InsuranceChargesModelInput

PERSON: dict[str, Any] = {
    "age": 40,
    "sex": "female",
    "bmi": 25.0,
    "children": 2,
    "smoker": False,
    "region": "southwest",
}


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({}, {"age²": 1600, "children of a non-smoker": 2}),
        ({"sex": "male"}, {"age²": 1600, "children of a non-smoker": 2, "male": 1}),
        ({"region": "northeast"}, {"age²": 1600, "children of a non-smoker": 2, "northeast": 1}),
        ({"region": "northwest"}, {"age²": 1600, "children of a non-smoker": 2, "northwest": 1}),
        ({"region": "southeast"}, {"age²": 1600, "children of a non-smoker": 2, "southeast": 1}),
        ({"bmi": 30.0}, {"age²": 1600, "children of a non-smoker": 2}),
        ({"smoker": True}, {"age²": 1600, "smoker": 1, "BMI of a smoker": 25}),
        (
            {"smoker": True, "bmi": 30.0},
            {"age²": 1600, "smoker": 1, "BMI of a smoker": 30, "smoker from BMI 30 on": 1},
        ),
    ],
)
def test_features_are_what_their_names_say(change: dict[str, Any], seen: dict[str, float]) -> None:
    """All features that are not named are zero."""
    (row,) = compute_features(encode_inputs([InsuranceChargesModelInput(**{**PERSON, **change})])).tolist()
    assert {name: value for name, value in zip(FEATURES, row, strict=True) if value} == seen
