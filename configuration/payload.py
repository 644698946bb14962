"""What requests carry: where records come from, how many there are in a request, how they are encoded.

A payload names one source of records, or of whole bodies:

    payload: {schema: order.schema.json}      # a JSON schema, in a file or in place
    payload: {fields: {age: {normal: [40, 12], min: 18, max: 90}}}    # configuration/fields.py
    payload: {like: customers.csv}            # records like those of a table: same ranges, same correlations
    payload: {file: bodies.jsonl}             # the records of a .jsonl, .csv or .parquet file, over and over
    payload: {file: bodies.jsonl, order: sampled}     # or drawn at random; `replay` each one once, in order;
                                              #   files may be larger than memory
    payload: {raw: images}                    # each file of a folder is a body
    payload: {plugin: orders, options: {currency: EUR}}   # records of an installed plug-in: docs/plugins.md
    payload: none                             # no body: the default of GET, HEAD and DELETE

and may say besides

    kinds: {realistic: 8, boundary: 1, invalid: 1}    # how often records are at the ends of what is allowed,
                                              #   or break one rule of it
    rows: 10                                  # a list of ten records; a distribution: {uniform: [1, 100]}
    template: {inputs: [{name: x, shape: [2], datatype: FP32, data: ["{a}", "{b}"]}]}
                                              # the body around a record: "{a}" is its field `a`, "{record}"
                                              #   the record, "{records}" the list
    encoding: json                            # or form, multipart
    files: {image: images}                    # multipart only: parts that are files of folders
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from configuration.document import MappingReader, Node, Reader
from configuration.fields import Field, NumberField, make_length_reader, read_fields
from configuration.files import find_file, find_folder, read_json_document
from configuration.readers import make_name_reader, make_weights_reader, read_text
from reports.data.plugins import list_plugins

PAYLOAD_KINDS: Final = ("realistic", "boundary", "invalid")
Order = Literal["cycled", "sampled", "replay"]
Encoding = Literal["json", "form", "multipart"]
_SOURCES: Final = ("schema", "fields", "like", "file", "raw", "plugin")
TABLES: Final = (".csv", ".parquet")
RECORD_FILES: Final = (".jsonl", *TABLES)


@dataclass(frozen=True)
class InsuranceRecords:
    """Records of the suite's own model."""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {}


@dataclass(frozen=True)
class SchemaRecords:
    """Records that fit a JSON schema."""

    document: Mapping[str, Any]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"schema": dict(self.document)}


@dataclass(frozen=True)
class FieldRecords:
    """Records made of fields."""

    fields: Mapping[str, Field]

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"fields": {name: each.resolve() for name, each in self.fields.items()}}


@dataclass(frozen=True)
class RecordsLike:
    """Records with the distributions and the rank correlations of a table's columns."""

    file: Path

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"like": str(self.file)}


@dataclass(frozen=True)
class RecordFile:
    """The records of a file."""

    file: Path
    order: Order = "cycled"

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"file": str(self.file)} | ({} if self.order == "cycled" else {"order": self.order})


@dataclass(frozen=True)
class RawFiles:
    """Bodies that are the files of a folder."""

    folder: Path

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"raw": str(self.folder)}


@dataclass(frozen=True)
class PluginRecords:
    """Records that an installed plug-in makes."""

    plugin: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this source."""
        return {"plugin": self.plugin} | ({"options": dict(self.options)} if self.options else {})


Source: TypeAlias = (
    InsuranceRecords | SchemaRecords | FieldRecords | RecordsLike | RecordFile | RawFiles | PluginRecords
)


@dataclass(frozen=True)
class Payload:
    """What requests carry; `rows` None sends one record, a number or a distribution a list of so many."""

    kinds: Mapping[str, float] = field(default_factory=lambda: {"realistic": 1.0})
    rows: int | NumberField | None = None
    source: Source = field(default_factory=InsuranceRecords)
    template: Any = None
    """The body around a record; None for the record itself."""
    encoding: Encoding = "json"
    files: Mapping[str, Path] = field(default_factory=dict)
    """Parts of a multipart body that are files: their names, and the folders that the files come from."""

    def resolve(self) -> dict[str, Any]:
        """The plain values that read back as this payload."""
        if isinstance(self.source, RawFiles):
            return self.source.resolve()
        rows = self.rows.resolve() if isinstance(self.rows, NumberField) else self.rows
        more = {
            "rows": rows,
            "template": self.template,
            "encoding": None if self.encoding == "json" else self.encoding,
            "files": {name: str(folder) for name, folder in self.files.items()} or None,
        }
        stated = {name: value for name, value in more.items() if value is not None}
        return {"kinds": dict(self.kinds)} | self.source.resolve() | stated


def read_payload(node: Node, folder: Path) -> Payload | None:
    """The payload section of an endpoint, None for no body; files are looked for in `folder`."""
    if node.value is None or node.value == "none":
        return None
    with node.read_mapping("a mapping with schema, fields, like, file, raw or plugin; or none") as keys:
        sources = [name for name in _SOURCES if name in keys]
        for name in sources[1:]:
            keys.refuse(name, f"records come from one source; {sources[0]!r} is given already")
        source = _read_source(keys, sources[:1], folder)
        is_raw = sources[:1] == ["raw"]
        kinds = keys.read_or("kinds", make_weights_reader("kind", *PAYLOAD_KINDS), Payload().kinds)
        rows = keys.read_or("rows", make_length_reader("rows in a request", 1), None)
        template = keys.read_or("template", lambda held: held.value, None)
        encoding: Encoding = keys.read_or("encoding", _read_encoding, _JSON)
        files = keys.read_or("files", partial(_read_folders, folder=folder), {})
        if is_raw:
            for name in ("kinds", "rows", "template", "encoding", "files"):
                keys.refuse(name, "files of a folder are sent as they are")
        elif encoding != "multipart":
            keys.refuse("files", "only a multipart body holds files: encoding: multipart")
        if encoding != "json":
            keys.refuse("rows", "a form holds one record")
            keys.refuse("template", "a form holds the fields of a record; a template is for JSON")
    return Payload(kinds, rows, source, template, encoding, files)


def _read_source(keys: MappingReader, sources: list[str], folder: Path) -> Source:
    for name in _SOURCES:
        if name not in keys:
            keys.read_or(name, read_text, None)  # so that messages know it
    order: Order = "cycled"
    if "file" in sources:
        order = keys.read_or("order", _read_order, "cycled")
    else:
        keys.refuse("order", "this is the order in which a file is read: add `file`")
    options: Mapping[str, Any] = {}
    if "plugin" in sources:
        options = keys.read_or("options", _read_options, {})
    else:
        keys.refuse("options", "these are for a plug-in: add `plugin`")
    match sources:
        case ["schema"]:
            return SchemaRecords(keys.read("schema", partial(read_json_document, folder=folder)))
        case ["fields"]:
            return FieldRecords(keys.read("fields", read_fields))
        case ["like"]:
            return RecordsLike(keys.read("like", partial(find_file, folder=folder, suffixes=TABLES)))
        case ["file"]:
            file = keys.read("file", partial(find_file, folder=folder, suffixes=RECORD_FILES))
            return RecordFile(file, order)
        case ["raw"]:
            return RawFiles(keys.read("raw", partial(find_folder, folder=folder)))
        case ["plugin"]:
            return PluginRecords(keys.read("plugin", _read_plugin), options)
    return InsuranceRecords()


_JSON: Final[Encoding] = "json"
_read_order: Final[Reader[Order]] = make_name_reader("cycled", "sampled", "replay")
_read_encoding: Final[Reader[Encoding]] = make_name_reader("json", "form", "multipart")


def _read_plugin(node: Node) -> str:
    name = read_text(node)
    if name not in (names := list_plugins("payloads")):
        there = ", ".join(names) or "none"
        raise node.report_problem(f"there is no plug-in {name!r} among the payloads; installed are: {there}")
    return name


def _read_options(node: Node) -> dict[str, Any]:
    if not isinstance(node.value, Mapping):
        raise node.report_mismatch("a mapping of options of the plug-in")
    return {str(name): node.value[name] for name in node.value}


def _read_folders(node: Node, folder: Path) -> dict[str, Path]:
    if not isinstance(node.value, Mapping) or not node.value:
        raise node.report_mismatch("names of parts and the folders of their files, such as {image: images}")
    return {str(name): find_folder(node.get_child(name), folder) for name in node.value}
