"""Readers of the names of files and folders that a scenario refers to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from configuration.document import Node
from configuration.readers import read_text
from configuration.yaml_loader import parse_plain_yaml, read_bounded

MOST_DOCUMENT_BYTES: Final = 16_000_000
MOST_DOCUMENT_VALUES: Final = 1_000_000
"""Of a JSON or YAML file: several times the largest OpenAPI documents that are published."""


def find_file(node: Node, folder: Path, suffixes: Sequence[str] = ()) -> Path:
    """The file that the value names, looked for in `folder`; one of the `suffixes` if there are any."""
    file = folder / read_text(node)
    if suffixes and file.suffix not in suffixes:
        raise node.report_mismatch(f"a file that ends in {' or '.join(suffixes)}")
    if not file.is_file():
        raise node.report_mismatch(f"a file; there is none at {file}")
    return file.resolve()


def find_folder(node: Node, folder: Path) -> Path:
    """The folder that the value names, looked for in `folder`, with at least one file in it."""
    found = folder / read_text(node)
    if not found.is_dir():
        raise node.report_mismatch(f"a folder; there is none at {found}")
    if not any(each.is_file() for each in found.iterdir()):
        raise node.report_mismatch(f"a folder with files; {found} holds none")
    return found.resolve()


def read_json_document(node: Node, folder: Path) -> Mapping[str, Any]:
    """A mapping that stands in place, or in a JSON or YAML file."""
    if isinstance(node.value, Mapping):
        return node.value
    file = find_file(node, folder, (".json", ".yaml", ".yml"))
    try:
        text = read_bounded(file, MOST_DOCUMENT_BYTES).decode()
        is_json = file.suffix == ".json"
        document = json.loads(text) if is_json else parse_plain_yaml(text, MOST_DOCUMENT_VALUES)
    except (ValueError, OSError) as error:
        raise node.report_problem(f"{file} can't be read: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise node.report_problem(f"{file} can't be read: it is nested too deeply") from None
    if not isinstance(document, Mapping):
        raise node.report_problem(f"{file} holds no mapping")
    return document
