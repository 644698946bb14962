"""The corpus: good files beside the values they become, bad files beside the whole message they get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario, restore_scenario

CORPUS = Path(__file__).parent / "corpus"
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", GOOD, ids=[path.stem for path in GOOD])
def test_a_good_file_becomes_these_values(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    resolved = load_scenario(path.name).resolve()
    portable = json.dumps(resolved).replace(f"{path.parent}/", "")
    assert json.loads(portable) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", GOOD, ids=[path.stem for path in GOOD])
def test_the_values_of_a_good_file_read_back_as_the_same_scenario(path: Path) -> None:
    """Also on their way through the JSON of a run's facts."""
    scenario = load_scenario(str(path))
    assert restore_scenario(json.loads(json.dumps(scenario.resolve())), path) == scenario


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_a_bad_file_gets_this_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(ConfigurationError) as error:
        load_scenario(path.name)
    assert f"{error.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")
