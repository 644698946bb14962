"""Input and output schemas of the insurance-charges model, which clients see as JSON schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Sex = Literal["male", "female"]
Region = Literal["southwest", "southeast", "northwest", "northeast"]


class SexEnum(StrEnum):
    """The values of `sex`, for Python callers; the schema that HTTP clients see states them as texts."""

    male = "male"
    female = "female"


class RegionEnum(StrEnum):
    """The values of `region`, in the same way."""

    southwest = "southwest"
    southeast = "southeast"
    northwest = "northwest"
    northeast = "northeast"


def _refuse_text(value: object) -> object:
    if isinstance(value, str | bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


WholeNumber = Annotated[int, BeforeValidator(_refuse_text)]
"""A whole number as JSON schema has it: 42 and 42.0, but neither "42" nor true."""


class InsuranceChargesModelInput(BaseModel):
    """One policyholder."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "age": 42,
                    "sex": "female",
                    "bmi": 24.0,
                    "children": 2,
                    "smoker": False,
                    "region": "northwest",
                }
            ]
        }
    )

    age: WholeNumber = Field(title="Age", ge=18, le=65, description="Age of the policyholder in years.")
    sex: Sex = Field(title="Sex", description="Sex of the policyholder.")
    bmi: float = Field(
        title="Body Mass Index",
        ge=15.0,
        le=50.0,
        strict=True,
        description="Body mass index of the policyholder in kg/m².",
    )
    children: WholeNumber = Field(
        title="Number of Children", ge=0, le=5, description="Number of children covered by the policy."
    )
    smoker: bool = Field(strict=True, title="Smoker", description="Whether the policyholder smokes.")
    region: Region = Field(title="Region", description="Region where the policyholder lives.")


class InsuranceChargesModelOutput(BaseModel):
    """The prediction for one policyholder."""

    charges: float = Field(
        title="Charges",
        ge=0.0,
        description="Expected medical charges billed in a year, in US dollars with 2 decimals.",
    )
