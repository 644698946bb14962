"""A model for a stock rest_model_service: the species of an iris by the length of its petals."""

from __future__ import annotations

from enum import StrEnum

from ml_base import MLModel
from pydantic import BaseModel, Field


class Species(StrEnum):
    setosa = "Iris setosa"
    versicolor = "Iris versicolor"
    virginica = "Iris virginica"


class IrisInput(BaseModel):
    sepal_length: float = Field(gt=5.0, lt=8.0)
    sepal_width: float = Field(gt=2.0, lt=6.0)
    petal_length: float = Field(gt=1.0, lt=6.8)
    petal_width: float = Field(gt=0.0, lt=3.0)


class IrisOutput(BaseModel):
    species: Species


class IrisModel(MLModel):
    display_name = "Iris"
    qualified_name = "iris_model"
    description = "The species of an iris."
    version = "1.0.0"
    input_schema = IrisInput
    output_schema = IrisOutput

    def __init__(self) -> None:
        """Nothing is loaded."""

    def predict(self, data: IrisInput) -> IrisOutput:
        limits = ((2.5, Species.setosa), (4.8, Species.versicolor))
        found = next((species for limit, species in limits if data.petal_length < limit), Species.virginica)
        return IrisOutput(species=found)
