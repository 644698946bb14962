"""Any lines and bytes of a scenario file changed: it is a scenario, or its problems are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configuration.errors import ConfigurationError
from configuration.loading import load_file, restore_scenario

CORPUS = Path(__file__).parent / "corpus"
TEXTS = [path.read_bytes() for kind in ("good", "bad") for path in sorted((CORPUS / kind).glob("*.yaml"))]
ODD = [
    *("~", "null", ".nan", "-.inf", "0", "-1", "1e999", "0x1F", "1_000", "9" * 400, "yes", "''", "[]", "{}"),
    *("[[[[", "}", "- -", "? a", "*a", "&a b", "!!python/name:os.system", "!!binary x", "!!int x", "<<: 1"),
    *("2026-13-45", "12:30:45", "|", ">", "# only a comment", "%YAML 9.9", "---", "...", "\t", "x: y: z"),
    *(
        "${HOME}",
        "{record}",
        "../../etc/passwd",
        "p99 latency <= 1 ms on",
        "1s",
        "\ud7ff",
        "\u2028",
        "\ufeff",
    ),
]
values = st.sampled_from([each.encode() for each in ODD]) | st.binary(max_size=8)


@st.composite
def spoiled_texts(draw: st.DrawFn) -> bytes:
    """A file of the corpus after one to four changes."""
    lines = draw(st.sampled_from(TEXTS)).split(b"\n")
    places = st.integers(0, len(lines) - 1)
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(places), draw(places)
        match draw(st.sampled_from(["drop", "double", "swap", "value", "indent", "bytes"])):
            case "drop":
                lines[at] = b""
            case "double":
                lines[at] = lines[at] + b"\n" + lines[at]
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "value":
                key, colon, _ = lines[at].partition(b":")
                lines[at] = key + colon + b" " + draw(values)
            case "indent":
                lines[at] = draw(st.sampled_from((b"  ", b"\t", b"- "))) + lines[at]
            case "bytes":
                cut = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + draw(values) + lines[at][cut:]
    return b"\n".join(lines)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write texts to."""
    return tmp_path_factory.mktemp("spoiled") / "spoiled.yaml"


@settings(max_examples=150)
@given(text=spoiled_texts())
def test_any_change_of_a_file_leaves_a_scenario_or_problems(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    told = ""
    try:
        scenario = load_file(file)
    except ConfigurationError as error:
        told = str(error)
    if told:
        assert told.startswith(str(file))
    else:
        assert restore_scenario(json.loads(json.dumps(scenario.resolve())), file) == scenario
