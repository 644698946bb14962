"""Any value at any place of a file: it is a scenario, or each problem names the file and the line."""

from __future__ import annotations

import copy
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from configuration.errors import ConfigurationError
from configuration.loading import load_file, restore_scenario

GOOD = sorted((Path(__file__).parent / "corpus" / "good").glob("*.yaml"))
DOCUMENTS = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in GOOD]
WORDS = sorted({word for path in GOOD for word in re.findall(r"\w+(?=:)", path.read_text(encoding="utf-8"))})
OF_THE_WHOLE = re.compile(r"(description|load|objectives): missing, |got |this is ")
LINE_AND_PATH = re.compile(r"line (\d+)(?:, ([^:]+))?: ")

keys = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=5),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False),
    st.dates(),
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**300, 10**400),
        st.floats(),
        st.text(max_size=8),
        st.binary(max_size=3),
        st.just(date(2024, 1, 2)),
        st.sampled_from(["manual", "endless", "warm-up", "paced", "shed", "/x", "bodies.jsonl"]),
        st.sampled_from(["30s", "0s", "1e999s", "5/s", "1e9/s", "2x", "p99 <=", "status 503 <= 1"]),
        st.sampled_from(["error rate <= 0 %", "p99 latency <= 100 ms during steady on single"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def collect_places(value: Any) -> list[Any]:
    """All mappings and lists in a document."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict | list) else []
    return own + [place for item in inner for place in collect_places(item)]


@st.composite
def spoiled_documents(draw: st.DrawFn) -> Any:
    """A good document with one to three places overwritten, added or removed."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(collect_places(document)))
        if isinstance(place, list):
            place.insert(draw(st.integers(0, len(place))), draw(values))
            continue
        key = draw(st.one_of([st.sampled_from(sorted(place, key=str))] * bool(place) + [keys]))
        if draw(st.booleans()):
            place.pop(key, None)
        else:
            place[key] = draw(values)
    return document


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write documents to, beside the file that some of them name."""
    folder = tmp_path_factory.mktemp("spoiled")
    (folder / "bodies.jsonl").write_text("{}\n", encoding="utf-8")
    return folder / "spoiled.yaml"


@given(document=spoiled_documents())
def test_each_problem_of_a_spoiled_document_names_file_and_line(file: Path, document: Any) -> None:
    """Only what the whole document lacks has no line."""
    text = yaml.safe_dump(document, sort_keys=False)
    file.write_text(text, encoding="utf-8")
    try:
        scenario = load_file(file)
    except ConfigurationError as error:
        head, *problems = str(error).split("\n  ")
        assert head == f"{file} has {len(problems)} problem{'s' * (len(problems) > 1)}:"
        for problem in problems:
            place = LINE_AND_PATH.match(problem)
            assert place or OF_THE_WHOLE.match(problem), problem
            if place and re.search(r"\.[a-z_]+$", place[2] or "") and ": missing" not in problem:
                key = place[2].rpartition(".")[2]
                assert f"{key}:" in text.splitlines()[int(place[1]) - 1], problem
    else:
        assert restore_scenario(json.loads(json.dumps(scenario.resolve())), file) == scenario
