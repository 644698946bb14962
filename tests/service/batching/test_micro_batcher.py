"""The micro-batcher: each row gets its own prediction, and waits no longer than it has to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.batching.deadlines import DeadlineExceededError, DeadlineTimer
from service.batching.micro_batcher import MicroBatcher
from service.batching.pending_rows import FinishedBatch
from tests.service.virtual_time import ScriptedRunner, VirtualLoop, run

MAX_ROWS, MAX_WAIT_S, DEADLINE_S = 4, 0.005, 0.050
TICK_S = 1e-9

ms = st.integers(0, 80).map(lambda value: value / 1e3)
durations = st.lists(ms, min_size=1, max_size=5)
errors = st.lists(st.sampled_from([None, None, None, ValueError("this batch")]), min_size=1, max_size=5)


@dataclass(frozen=True)
class Client:
    """Arrives after `pause_s`, sends its body `body_s` later, and gives up after `patience_s`."""

    pause_s: float
    body_s: float
    patience_s: float | None
    announced: bool


clients = st.lists(
    st.builds(
        Client,
        pause_s=st.sampled_from([0.0, 0.0, 0.0, 0.001, 0.004, 0.02]),
        body_s=st.sampled_from([0.0, 0.0, 0.002, 0.030]),
        patience_s=st.sampled_from([None, None, None, 0.0, 0.003, 0.020]),
        announced=st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@dataclass
class RunResult:
    """The result of a run: each client's outcome, the batches, and the rows that were computed."""

    outcomes: dict[int, Any]
    batches: list[FinishedBatch[int, int]]
    computed: list[list[int]]
    depth: int


def play(
    who: list[Client],
    durations_s: list[float],
    failures: list[Exception | None],
    inline: bool = False,
    deadline_s: float | None = None,
) -> RunResult:
    """Let the clients arrive, and wait for all of them."""

    async def main(loop: VirtualLoop) -> RunResult:
        inference = ScriptedRunner(loop, durations_s, failures, inline)
        batches: list[FinishedBatch[int, int]] = []
        batcher: MicroBatcher[int, int] = MicroBatcher(
            inference,  # type: ignore[arg-type]
            MAX_ROWS,
            MAX_WAIT_S,
            [batches.append],
            loop.time,
        )
        deadlines = DeadlineTimer(batcher, deadline_s, loop.time) if deadline_s is not None else None
        outcomes: dict[int, Any] = {}

        async def visit(name: int, client: Client) -> None:
            arrival = batcher.expect() if client.announced else None
            await asyncio.sleep(client.body_s)
            row = batcher.submit(name, arrival)
            queued_s = loop.time()
            if deadlines is not None:
                deadlines.watch(row)
            try:
                async with asyncio.timeout(client.patience_s):
                    outcomes[name] = await row.answer
            except TimeoutError:
                batcher.drop(row)
                outcomes[name] = "gone"
            except (ValueError, DeadlineExceededError) as error:
                outcomes[name] = error
            if deadline_s is not None:
                # A timer that expires during a batch is handled after the next one, if that can start.
                assert loop.time() <= queued_s + deadline_s + 2 * max(durations_s) * inline + TICK_S

        tasks = []
        for name, client in enumerate(who, start=1):
            await asyncio.sleep(client.pause_s)
            tasks.append(asyncio.ensure_future(visit(name, client)))
        await asyncio.gather(*tasks)
        await asyncio.sleep(1.0)
        return RunResult(outcomes, batches, inference.batches, batcher.depth)

    result = run(main)
    assert isinstance(result, RunResult)
    return result


@settings(max_examples=300, deadline=None)
@given(clients, durations, errors, st.booleans())
def test_every_reply_belongs_to_its_request(
    who: list[Client], durations_s: list[float], failures: list[Exception | None], inline: bool
) -> None:
    """Each client gets its own row's output, or its own batch's error; none waits for ever."""
    result = play(who, durations_s, failures, inline)
    assert result.outcomes.keys() == set(range(1, len(who) + 1))
    failed = {name for batch in result.batches if batch.error for name in (row.data for row in batch.rows)}
    for name, outcome in result.outcomes.items():
        if isinstance(outcome, ValueError):
            assert name in failed
        elif outcome != "gone":
            assert outcome.output == -name
            assert name not in failed
    assert result.depth == 0


@settings(max_examples=300, deadline=None)
@given(clients, durations, errors, st.booleans())
def test_batches_keep_their_size_and_the_order_of_the_rows(
    who: list[Client], durations_s: list[float], failures: list[Exception | None], inline: bool
) -> None:
    """No batch is too large, no row is computed twice, and rows are taken oldest first."""
    result = play(who, durations_s, failures, inline)
    assert all(1 <= len(batch) <= MAX_ROWS for batch in result.computed)
    queued = [row.queued_s for batch in result.batches for row in batch.rows]
    assert queued == sorted(queued)
    rows = [row for batch in result.computed for row in batch]
    assert len(rows) == len(set(rows))


@settings(max_examples=300, deadline=None)
@given(clients, durations)
def test_a_free_model_never_waits_longer_than_the_window(who: list[Client], durations_s: list[float]) -> None:
    """From its oldest row on, or from when the model became free: a stalled sender adds no further delay."""
    result = play(who, durations_s, [None])
    free_s = 0.0
    for batch in result.batches:
        assert batch.started_s <= max(free_s, batch.rows[0].queued_s + MAX_WAIT_S) + TICK_S
        free_s = batch.started_s + batch.inference_s


@settings(max_examples=200, deadline=None)
@given(clients, durations)
def test_without_announcements_nothing_waits_for_a_free_model(
    who: list[Client], durations_s: list[float]
) -> None:
    """The window is only for requests that are known to be arriving."""
    result = play([Client(each.pause_s, each.body_s, None, False) for each in who], durations_s, [None])
    free_s = 0.0
    for batch in result.batches:
        assert batch.started_s <= max(free_s, batch.rows[0].queued_s) + TICK_S
        free_s = batch.started_s + batch.inference_s


@settings(max_examples=300, deadline=None)
@given(clients, durations, errors, st.booleans())
def test_every_request_is_answered_by_its_deadline(
    who: list[Client], durations_s: list[float], failures: list[Exception | None], inline: bool
) -> None:
    """With a prediction or an error; a row that expired in the queue is not computed."""
    result = play(who, durations_s, failures, inline, DEADLINE_S)
    for batch in result.batches:
        assert all(batch.started_s <= row.queued_s + DEADLINE_S + TICK_S for row in batch.rows) or inline
    assert result.depth == 0


def test_a_row_dropped_while_it_waits_is_never_computed() -> None:
    """Rows 2 and 3 wait behind a slow batch; the client of row 2 leaves."""
    who = [Client(0.0, 0.0, None, False), Client(0.001, 0.0, 0.003, False), Client(0.0, 0.0, None, False)]
    result = play(who, [0.030], [None])
    assert result.computed == [[1], [3]]
    assert result.outcomes[2] == "gone"


def test_rows_that_arrive_together_are_one_batch() -> None:
    """Five in one pass of the event loop: a full batch, and the one that is left."""
    assert [len(batch) for batch in together(5, [None]).computed] == [4, 1]


def test_a_batch_waits_for_a_body_that_is_arriving() -> None:
    """The second request's body comes 2 ms later: both are answered together."""
    who = [Client(0.0, 0.0, None, True), Client(0.0, 0.002, None, True)]
    assert play(who, [0.001], [None]).computed == [[1, 2]]


def test_a_failed_batch_fails_alone() -> None:
    result = together(6, [ValueError("this batch"), None])
    failed = {name for name, outcome in result.outcomes.items() if isinstance(outcome, ValueError)}
    assert failed == set(result.computed[0])
    assert len(failed) == 4


def together(rows: int, failures: list[Exception | None]) -> RunResult:
    """So many rows arrive in one pass of the event loop."""
    return play([Client(0.0, 0.001, None, False)] * rows, [0.010], failures)


@settings(max_examples=100, deadline=None)
@given(st.lists(ms, min_size=1, max_size=20), durations, st.booleans())
def test_a_lone_client_is_answered_at_once(
    pauses_s: list[float], durations_s: list[float], inline: bool
) -> None:
    """A client that waits for each reply before the next request never waits for a window."""

    async def main(loop: VirtualLoop) -> None:
        inference: Any = ScriptedRunner(loop, durations_s, inline=inline)
        batcher: MicroBatcher[int, int] = MicroBatcher(inference, MAX_ROWS, MAX_WAIT_S, (), loop.time)
        for pause_s in pauses_s:
            await asyncio.sleep(pause_s)
            answer = await batcher.submit(1, batcher.expect()).answer
            assert answer.queue_s <= TICK_S
            assert answer.rows == 1

    run(main)


@pytest.mark.parametrize("end", ["withdraw", "submit"])
def test_the_end_of_an_arrival_ends_the_wait(end: str) -> None:
    """A batch that waits for a body starts as soon as that has arrived, or its request is withdrawn."""

    async def main(loop: VirtualLoop) -> None:
        inference: Any = ScriptedRunner(loop)
        batcher: MicroBatcher[int, int] = MicroBatcher(inference, MAX_ROWS, MAX_WAIT_S, (), loop.time)
        arrival = batcher.expect()
        row = batcher.submit(1)
        await asyncio.sleep(0.002)
        assert inference.batches == []
        assert batcher.depth == 2
        if end == "withdraw":
            batcher.withdraw(arrival)
        else:
            batcher.submit(2, arrival)
        await row.answer
        assert loop.time() == pytest.approx(0.002)

    run(main)
