"""Writes a sketch as a commented scenario file, and the schemas beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from loadtests.scaffolding.naming import name_file
from loadtests.scaffolding.sketch import EndpointSketch, ServiceSketch

SCHEMA_FILE: Final = "scenario.schema.json"
_LOAD: Final = """\
load:
  warm_up:
    - {constant: 2, for: 5s} # two users for 5 s, recorded and not judged
  users:
    - {constant: 10, for: 1m, stage: steady}

"""


def list_schema_files(sketch: ServiceSketch) -> dict[str, Mapping[str, Any]]:
    """The JSON schemas of payloads and replies by the names of their files."""
    files: dict[str, Mapping[str, Any]] = {}
    for each in sketch.endpoints:
        for what, schema in (("payload", each.payload_schema), ("reply", each.reply_schema)):
            if schema is not None:
                files[name_file(sketch.name, each.name, what)] = schema
    return files


def write_scenario(sketch: ServiceSketch, url: str, p95_limit_ms: float) -> str:
    """The text of the scenario; its objective allows `p95_limit_ms` at the 95th percentile."""
    return "".join(_write_parts(sketch, url, p95_limit_ms))


def _write_parts(sketch: ServiceSketch, url: str, p95_limit_ms: float) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
    option = " --grpc" if any(each.grpc for each in sketch.endpoints) else ""
    yield f"# Written by `model-loadtest init{option} {url}` from {sketch.source}.\n"
    guesses = [*sketch.guesses, "load and objectives: say what you expect of the service"]
    yield "# Guessed, so look at it:\n"
    yield from (f"#   - {guess}\n" for guess in guesses)
    yield f"description: {write_plain(f'Ten users of {sketch.title}, for a minute.')}\n\n"
    yield _LOAD
    if sketch.ready_path is not None:
        ready = write_plain({"ready": sketch.ready_path})
        yield f"service: {ready} # asked once a second; `availability` is measured by it\n\n"
    yield "traffic:\n  user: paced # each user sends one request a second\n  timeout: 10s\n"
    if sketch.login is not None:
        yield "  login: # by each user, before anything else\n"
        yield _write_endpoint(sketch.login, sketch.name, is_step=True)
    yield "  endpoints:\n"
    yield from (_write_endpoint(each, sketch.name) for each in sketch.sent)
    for each in sketch.endpoints:
        if each.left_out is not None:
            written = _write_endpoint(each, sketch.name)
            yield f"    # Left out: {each.left_out}.\n"
            yield "".join(f"    # {line[4:]}\n" for line in written.splitlines())
    yield f"\nobjectives:\n  - p95 latency <= {p95_limit_ms:g} ms\n  - error rate <= 1 %\n"


def write_plain(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("...\n").strip()


def _write_endpoint(sketch: EndpointSketch, scenario: str, *, is_step: bool = False) -> str:
    """The entry of an endpoint, indented as an item of the list of endpoints."""
    lines = [f"# Guessed: {guess}." for guess in sketch.guesses]
    lines += [f"- name: {write_plain(sketch.name)}"]
    lines += _write_place(sketch)
    if not is_step and sketch.weight != 1:
        lines.append(f"  weight: {sketch.weight}")
    for key in ("headers", "values"):
        if getattr(sketch, key):
            lines.append(f"  {key}: {write_plain(getattr(sketch, key))}")
    lines += [f"  {line}" for line in _write_payload(sketch, scenario)]
    if sketch.expect:
        plain = {kind: codes[0] if len(codes) == 1 else list(codes) for kind, codes in sketch.expect.items()}
        lines.append(f"  expect: {write_plain(plain)}")
    reply = _complete_reply(sketch, scenario)
    if reply:
        lines.append(f"  reply: {write_plain(reply)}")
    if sketch.take:
        lines.append(f"  take: {write_plain(dict(sketch.take))}")
    return "".join(f"    {line}\n" for line in lines)


def _write_place(sketch: EndpointSketch) -> Iterator[str]:
    if sketch.grpc is not None:
        yield f"  grpc: {write_plain({'model': sketch.grpc})}"
        return
    if sketch.method != "POST":
        yield f"  method: {sketch.method}"
    yield f"  path: {write_plain(sketch.path)}"


def _complete_reply(sketch: EndpointSketch, scenario: str) -> dict[str, Any]:
    """The reply section with its schema; empty for no check."""
    if sketch.reply is None:
        return {}
    file = name_file(scenario, sketch.name, "reply")
    return ({"schema": file} if sketch.reply_schema is not None else {}) | dict(sketch.reply)


def _write_payload(sketch: EndpointSketch, scenario: str) -> Iterator[str]:
    if sketch.payload is None:
        if sketch.method in ("POST", "PUT", "PATCH"):
            yield "payload: none"
        return
    schema: dict[str, Any] = {}
    if sketch.payload_schema is not None:
        schema = {"schema": name_file(scenario, sketch.name, "payload")}
    values = {**schema, **sketch.payload}
    if not values:
        yield "payload: none"
        return
    yield "payload:"
    for key, value in values.items():
        if isinstance(value, Mapping) and key == "fields":
            yield "  fields:"
            yield from (f"    {write_plain(name)}: {write_plain(each)}" for name, each in value.items())
        else:
            yield f"  {key}: {write_plain(value)}"


def write_schema(schema: Mapping[str, Any]) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
