"""The usual tutorial form of a hosted model: a DataFrame and a scikit-learn pipeline in every request."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from ml_base import MLModel
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from service.model import model_file
from service.model.dataset import OBESE_BMI
from service.model.schemas import InsuranceChargesModelInput, InsuranceChargesModelOutput

REGIONS = ["southwest", "northeast", "northwest", "southeast"]
RISKS = ["children_of_non_smoker", "smoker", "bmi_of_smoker", "obese_smoker"]


class DataFrameModel(MLModel):  # type: ignore[misc]
    """The same regression, its features made by a pipeline over a table of one row."""

    display_name = "Insurance Charges Model"
    qualified_name = "insurance_charges_model"
    description = "Predicts medical charges by way of a DataFrame."
    version = "1.0.0"
    input_schema = InsuranceChargesModelInput
    output_schema = InsuranceChargesModelOutput

    def __init__(self, model_path: str | Path = model_file.MODEL_PATH) -> None:
        regression = model_file.read_model_file(Path(model_path))
        del regression.feature_names_in_  # the pipeline hands it an array, as scikit-learn does by default
        prepare = Pipeline([("derive", FunctionTransformer(_derived)), ("encode", _encoder())])
        prepare.fit(pd.DataFrame([_record(region) for region in REGIONS]))
        self._pipeline = Pipeline([*prepare.steps, ("regression", regression)])

    def predict(self, data: InsuranceChargesModelInput) -> InsuranceChargesModelOutput:
        """The charges of one policyholder."""
        charges = self._pipeline.predict(pd.DataFrame([data.model_dump()]))[0]
        return InsuranceChargesModelOutput(charges=round(max(float(charges), 0.0), 2))


def _encoder() -> ColumnTransformer:
    """Columns in the order of `service.model.features.FEATURES`."""
    sex = OneHotEncoder(categories=[["female", "male"]], drop="first", sparse_output=False)
    region = OneHotEncoder(categories=[REGIONS], drop="first", sparse_output=False)
    return ColumnTransformer(
        [
            ("age", "passthrough", ["age_squared"]),
            ("sex", sex, ["sex"]),
            ("region", region, ["region"]),
            ("risks", "passthrough", RISKS),
        ]
    )


def _derived(people: pd.DataFrame) -> pd.DataFrame:
    smoker = people["smoker"].astype(float)
    return people.assign(
        age_squared=people["age"] ** 2,
        children_of_non_smoker=people["children"] * (1.0 - smoker),
        smoker=smoker,
        bmi_of_smoker=people["bmi"] * smoker,
        obese_smoker=smoker * (people["bmi"] >= OBESE_BMI),
    )


def _record(region: str) -> dict[str, object]:
    return {"age": 40, "sex": "male", "bmi": 25.0, "children": 0, "smoker": False, "region": region}
