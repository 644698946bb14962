"""The service's configuration: rest_model_service's file with this project's `serving` section."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import yaml
from pydantic import ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from rest_model_service.configuration import ServiceConfiguration
from rest_model_service.helpers import load_type

from service.batching.settings import ServingSettings, apply_environment
from service.model.model_file import ModelFileError

DEFAULT_CONFIGURATION = Path(__file__).parents[1] / "configuration" / "service" / "batched.yaml"


class StartError(Exception):
    """Why the service can't start; the message says what to do."""


class SuiteConfiguration(ServiceConfiguration):  # type: ignore[misc]
    """rest_model_service's configuration; with a `serving` section, predictions are batched and load is shed.

    Unknown sections are refused: a misspelt `serving` would leave the service without its endpoints.
    """

    model_config = ConfigDict(extra="forbid")
    serving: ServingSettings | None = None


def get_configuration_path() -> Path:
    """The file that REST_CONFIG names, or that of the batched service."""
    return Path(os.environ.get("REST_CONFIG", DEFAULT_CONFIGURATION))


def read_configuration(path: Path) -> SuiteConfiguration:
    """Read and validate a configuration file. Raises `StartError`."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(values, dict) and "serving" in values:
            values["serving"] = apply_environment(values["serving"] or {}, os.environ)
        configuration: SuiteConfiguration = SuiteConfiguration.model_validate(values)
    except OSError as error:
        raise StartError(
            f"The service's configuration {path} can't be read ({error.strerror}): name one in REST_CONFIG."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StartError(f"The service's configuration {path} is not YAML: {error}") from error
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}{_suggest_section(each)}"
            for each in error.errors()
        )
        raise StartError(f"The service's configuration {path} is not valid. " + "; ".join(faults)) from error
    return configuration


def _suggest_section(fault: ErrorDetails) -> str:
    """For an unknown section: the closest known one, or all known ones."""
    if fault["type"] != "extra_forbidden" or len(fault["loc"]) != 1:
        return ""
    known = list(SuiteConfiguration.model_fields)
    nearest = difflib.get_close_matches(str(fault["loc"][0]), known, n=1)
    return f" (did you mean {nearest[0]}?)" if nearest else f" (known here: {', '.join(known)})"


def check_models(configuration: SuiteConfiguration) -> None:
    """Create each model once and discard it, to see whether it can be created. Raises `StartError`."""
    for model in configuration.models:
        try:
            load_type(model.class_path)(**(model.configuration or {}))
        except ModelFileError as error:
            raise StartError(str(error)) from error
        except Exception as error:
            raise StartError(
                f"The model {model.class_path} can't be made: {type(error).__name__}: {error}"
            ) from error
