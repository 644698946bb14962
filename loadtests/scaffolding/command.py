"""`python -m loadtests init URL`: asks a service what it takes and writes a scenario for it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from configuration.errors import ConfigurationError
from configuration.loading import SUFFIXES, load_file
from loadtests.cli.exit_codes import PASS, USAGE
from loadtests.client.target import HEADERS_VARIABLE, Target, read_headers
from loadtests.grpc_client.choice import require_grpc
from loadtests.scaffolding.adjusting import LEAST_LIMIT_MS, adjust_sketch, choose_p95_limit
from loadtests.scaffolding.asking import DocumentReader
from loadtests.scaffolding.discovery import discover_service
from loadtests.scaffolding.drafting import leave_out_unreadable, write_files
from loadtests.scaffolding.inference_protocol import TensorInput, parse_input
from loadtests.scaffolding.naming import name_scenario
from loadtests.scaffolding.sketch import EndpointSketch, ScaffoldingError, ServiceSketch
from loadtests.scaffolding.telling import tell_result
from loadtests.scaffolding.trials import try_scenario
from loadtests.scaffolding.watching import find_ready_path
from loadtests.scaffolding.writing import list_schema_files

FOLDER: Final = Path("scenarios")


def main(arguments: Sequence[str] | None = None, program: str = "python -m loadtests") -> int:
    """Write the scenario; returns 0, or 2 where there is nothing to write one from.

    `program` is what was typed before `init`.
    """
    options = _build_parser(program).parse_args(arguments)
    options.program = program
    try:
        target = Target.parse(options.url, read_headers())
        return _init(options, target)
    except (ScaffoldingError, ConfigurationError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"{error.filename} can't be written: {error.strerror}", file=sys.stderr)
        return USAGE


def _build_parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{program} init",
        description="Ask a service what it takes, and write a scenario for it: from its OpenAPI document, "
        "the Open Inference Protocol (V2) or rest_model_service's metadata.",
        epilog="Each request of the scenario is sent a few times. Headers come from LOADTEST_HEADERS. "
        "exit codes: 0 written, 2 not written",
    )
    add = parser.add_argument
    add("url", metavar="URL", help="the service, such as http://127.0.0.1:8000")
    add("--grpc", action="store_true", help="ask its models over gRPC (V2); the URL holds the gRPC port")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--openapi", metavar="FILE|URL", help="its OpenAPI document, where it serves none")
    source.add_argument("--model", metavar="NAME", help="one model of the service (V2, rest_model_service)")
    add(
        "--input",
        metavar="NAME:TYPE:SHAPE",
        type=_parse_input,
        action="append",
        default=[],
        help="an input of a V2 model whose metadata tell none, such as rows:FP32:-1,4",
    )
    add("--out", metavar="FILE", type=Path, help=f"the scenario's file (default: {FOLDER}/NAME.yaml)")
    add("--force", action="store_true", help="replace files that are there already")
    return parser


def _parse_input(text: str) -> TensorInput:
    try:
        return parse_input(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _init(options: argparse.Namespace, target: Target) -> int:
    if options.openapi is not None and options.input:
        raise ScaffoldingError("--input is of a V2 model; an OpenAPI document tells what is sent")
    sketch = _discover(options, target)
    file = _choose_file(options.out, sketch)
    sketch = _rename(sketch, file)
    _refuse_overwriting(options, [file, *(file.parent / name for name in list_schema_files(sketch))])
    with tempfile.TemporaryDirectory() as folder:
        sketch = leave_out_unreadable(sketch, Path(folder), options.url)
    if not sketch.sent:
        reasons = "\n  ".join(f"{each.title}: {each.left_out}" for each in sketch.endpoints)
        raise ScaffoldingError(f"no operation of {sketch.source} can be sent:\n  {reasons}")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / file.name
        write_files(draft, sketch, options.url, LEAST_LIMIT_MS)
        login, tried = try_scenario(load_file(draft), target)
        adjusted = adjust_sketch(sketch, login, tried)
        limit_ms = choose_p95_limit(tried)
        write_files(draft, adjusted, options.url, limit_ms)
        load_file(draft)  # what is written is read by the same readers as any scenario
    write_files(file, adjusted, options.url, limit_ms)
    print(tell_result(adjusted, login, tried, file, options.url, options.program))
    return PASS


def _discover(options: argparse.Namespace, target: Target) -> ServiceSketch:
    if options.grpc:
        if options.openapi is not None:
            raise ScaffoldingError("--openapi is of a service over HTTP; leave out one of --openapi, --grpc")
        require_grpc()
        from loadtests.scaffolding.grpc_models import discover_grpc_models  # it needs the extra `grpc`

        return discover_grpc_models(target, options.model, options.input)
    reader = DocumentReader(target)
    try:
        sketch = discover_service(reader, options.openapi, options.model, options.input)
        return replace(_use_given_headers(sketch, target), ready_path=find_ready_path(reader, sketch))
    finally:
        reader.close()


def _use_given_headers(sketch: ServiceSketch, target: Target) -> ServiceSketch:
    """The sketch without a login and the headers that it fills, if LOADTEST_HEADERS hold credentials."""
    if "authorization" not in {name.lower() for name in target.headers}:
        return sketch

    def drop(endpoint: EndpointSketch) -> EndpointSketch:
        kept = {name: value for name, value in endpoint.headers.items() if name.lower() != "authorization"}
        return replace(endpoint, headers=kept)

    return replace(
        sketch,
        login=None,
        endpoints=tuple(map(drop, sketch.endpoints)),
        guesses=(*sketch.guesses, f"credentials: the Authorization of {HEADERS_VARIABLE}, at each run, too"),
    )


def _choose_file(given: Path | None, sketch: ServiceSketch) -> Path:
    if given is None:
        return FOLDER / f"{sketch.name}.yaml"
    if given.suffix not in SUFFIXES:
        raise ScaffoldingError(f"--out {given}: the name of a scenario's file ends in .yaml")
    return given


def _rename(sketch: ServiceSketch, file: Path) -> ServiceSketch:
    """The sketch under the name of its file, after which its schemas are called."""
    return replace(sketch, name=name_scenario(file.stem))


def _refuse_overwriting(options: argparse.Namespace, files: Sequence[Path]) -> None:
    there = [file for file in files if file.exists()]
    if there and not options.force:
        raise ScaffoldingError(
            f"{there[0]} is there already: --force replaces it, --out FILE writes elsewhere"
        )
