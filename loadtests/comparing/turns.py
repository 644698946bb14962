"""`model-loadtest ab`: run two versions of a service in turns on one machine, then compare them."""

from __future__ import annotations

import argparse
import os
import random
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from configuration.errors import ConfigurationError
from configuration.loading import load_scenario
from loadtests.cli.child_process import ChildProcess
from loadtests.cli.child_run import NothingRunError, run_load_test
from loadtests.cli.command import MODULE_PROGRAM
from loadtests.cli.exit_codes import INVALID, USAGE
from loadtests.cli.values import make_count_parser
from loadtests.client.target import Target
from loadtests.recording.parent import end_with_parent
from loadtests.recording.settings import NO_PAGE
from reports.comparison.command import (
    add_judging_arguments,
    read_comparison_settings,
    show_comparison,
    write_comparison,
)
from reports.comparison.verdict import FEWEST_ROUNDS, compare_versions
from reports.data.folder import FolderError
from reports.data.run_sets import read_rounds, write_rounds
from reports.objectives.parsing import ObjectiveError

SIDES: Final = ("baseline", "candidate")
ORDERS: Final = ("abba", "baab")
SEED: Final = 20240504
ROUNDS: Final = 5
MOST_ROUNDS: Final = 1_000
_OWN: Final = ("--host", "--out", "--scenario", "--web", "--worker", "--master", "--list", "--check")
"""Options of a load test that `ab` gives itself, or that make no run."""


class TurnsError(Exception):
    """The rounds can't go on; `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ServiceVersion:
    """A side: the URL of a service that runs, or a configuration of the suite's own service."""

    text: str
    is_url: bool

    @classmethod
    def parse(cls, text: str) -> ServiceVersion:
        """The version that was typed; ArgumentTypeError if it is neither a URL nor a file."""
        if "://" in text:
            try:
                Target.parse(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(str(error)) from None
            return cls(text, True)
        if not Path(text).is_file():
            raise argparse.ArgumentTypeError(
                f"{text!r} is neither a URL nor a file; give the URL of a service, such as "
                "http://127.0.0.1:8000, or a configuration of the suite's own service"
            )
        return cls(text, False)

    def list_words(self) -> list[str]:
        """What the command line of its load tests says of it."""
        return ["--host", self.text] if self.is_url else []

    def build_environment(self) -> dict[str, str]:
        """The environment of its load tests."""
        return {} if self.is_url else {"REST_CONFIG": str(Path(self.text).resolve())}


@dataclass
class TurnRunner:
    """Runs both versions, and keeps which run belongs to which round."""

    versions: tuple[ServiceVersion, ServiceVersion]
    words: list[str]
    """What each load test is told besides."""
    out: Path
    child: ChildProcess
    made: list[tuple[str, int, Path]] = field(default_factory=list)

    def run_round(self, number: int, order: str) -> bool:
        """The four runs of a round, up to one that stays invalid; whether the round is whole.

        TurnsError if a run ends without a verdict, or on a signal.
        """
        is_whole = True
        for place, letter in enumerate(order, start=1):
            which = "ab".index(letter)
            print(
                f"round {number}, run {place} of {len(order)}: {letter}, {self.versions[which].text}",
                flush=True,
            )
            folder, is_whole = self._run_valid(which)
            self.made.append((SIDES[which], number, folder))
            if not is_whole:
                print(f"  {folder.name} is invalid, too: round {number} is left out", flush=True)
                break
        names = (f"a, {self.versions[0].text}", f"b, {self.versions[1].text}")
        write_rounds(self.out, names, self.made)
        return is_whole

    def _run_valid(self, which: int) -> tuple[Path, bool]:
        """The folder of a run, and whether it is valid; an invalid one is repeated once."""
        folder, code = self._run(which)
        if code == INVALID:
            print(f"  {folder.name} is invalid; once more", flush=True)
            folder, code = self._run(which)
        return folder, code != INVALID

    def _run(self, which: int) -> tuple[Path, int]:
        version = self.versions[which]
        words = [*self.words, "--out", str(self.out / "ab"[which]), *version.list_words()]
        environment = {**version.build_environment(), NO_PAGE: "yes"}
        try:
            made = run_load_test(words, environment, self.child.run)
        except NothingRunError as error:
            if self.child.stopped:
                raise TurnsError("stopped", INVALID) from None
            text = f"A run of {version.text} ended with {error.code}:\n{error}"
            raise TurnsError(text, error.code or USAGE) from None
        if self.child.stopped:
            raise TurnsError("stopped", INVALID)
        return made


def main(arguments: Sequence[str] | None = None, program: str = MODULE_PROGRAM) -> int:
    """Run and compare; the exit code is that of the comparison: 0, 1 or 3, and 2 if nothing was run."""
    options, words = _read_arguments(sys.argv[1:] if arguments is None else arguments, f"{program} ab")
    out = options.out or Path("results") / f"ab-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        end_with_parent()
        load_scenario(options.scenario)
        if out.exists() and any(out.iterdir()):
            raise ConfigurationError(f"--out {out} holds something already: name a new folder")
        out.mkdir(parents=True, exist_ok=True)
        run_turns(options, words, out)
        comparison = compare_versions(*read_rounds(out), read_comparison_settings(options))
        write_comparison(comparison, out)
        show_comparison(comparison, out)
        return comparison.exit_code
    except TurnsError as error:
        print(error, file=sys.stderr)
        return error.code
    except (ConfigurationError, FolderError, ObjectiveError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"The runs can't be kept in {out}: {error}", file=sys.stderr)
        return USAGE


def run_turns(options: argparse.Namespace, words: Sequence[str], out: Path) -> None:
    """All rounds; TurnsError after a signal says what can still be compared."""
    with ChildProcess() as child:
        told = ["--scenario", options.scenario, *words]
        runner = TurnRunner((options.a, options.b), told, out.resolve(), child)
        whole = 0
        for number, order in enumerate(draw_orders(count_most(options.rounds), options.seed), start=1):
            try:
                whole += runner.run_round(number, order)
            except TurnsError as error:
                if not child.stopped:
                    raise
                raise TurnsError(_describe_stop(number, whole, out), error.code) from None
            if whole == options.rounds:
                break


def count_most(rounds: int) -> int:
    """How many rounds are begun at most: for every two one more, in place of those left out."""
    return rounds + rounds // 2


def draw_orders(rounds: int, seed: int) -> Iterator[str]:
    """`abba` or `baab` for each round."""
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    for _ in range(rounds):
        yield chance.choice(ORDERS)


def _describe_stop(number: int, whole: int, out: Path) -> str:
    stopped = f"Stopped in round {number}"
    if whole < FEWEST_ROUNDS:
        return f"{stopped}; nothing can be compared before {FEWEST_ROUNDS} rounds are whole."
    place = shlex.quote(str(out))
    return f"{stopped}; the {whole} whole rounds can be compared: model-loadtest compare {place}"


def _read_arguments(arguments: Sequence[str], program: str) -> tuple[argparse.Namespace, list[str]]:
    """The options of `ab`, and the words for each load test; otherwise the process ends with a message."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Run two versions of a service in turns on one machine (A B B A or B A A B in each "
        "round), then compare them. Further options are those of a load test, such as --time-scale 0.5.",
        epilog="exit codes: 0 not worse, or undecided; 1 worse; 2 usage, or no service; 3 invalid",
        allow_abbrev=False,
    )
    for name, what in (("--a", "the baseline"), ("--b", "the candidate")):
        parser.add_argument(
            name,
            metavar="URL|FILE",
            type=ServiceVersion.parse,
            required=True,
            help=f"{what}: a service that runs, or a configuration of the suite's own",
        )
    parser.add_argument(
        "--scenario", metavar="NAME|FILE", default=os.environ.get("SCENARIO") or "smoke", help="what to run"
    )
    parser.add_argument(
        "--rounds",
        metavar="N",
        type=make_count_parser(MOST_ROUNDS),
        default=ROUNDS,
        help=f"rounds of four runs (default: %(default)s; fewer than {ROUNDS} prove nothing)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=SEED,
        help="of the order within rounds (default: %(default)s)",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="a new folder for the runs (default: results/ab-TIME)"
    )
    add_judging_arguments(parser)
    options, words = parser.parse_known_args(arguments)
    if options.rounds < FEWEST_ROUNDS:
        parser.error(f"--rounds {options.rounds} can't be compared; give at least {FEWEST_ROUNDS}")
    for word in words:
        if word.partition("=")[0] in _OWN:
            parser.error(f"{word} has no place in rounds of two versions: leave it out")
    return options, words
