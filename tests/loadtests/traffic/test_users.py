"""How a user ends: no request is sent that could not be waited for."""

from __future__ import annotations

from itertools import repeat
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_WAITING

from configuration.traffic import USER_CLASS_NAMES
from loadtests.traffic.users import USER_CLASSES, StressUser


@pytest.fixture
def user() -> Any:
    """A user whose requests are counted, in a group that ends nobody at once."""
    sent: list[Any] = []
    sender = SimpleNamespace(
        sent=sent,
        seed=1,
        left_out=0,
        number_user=lambda: 0,
        deal_turns=lambda _: repeat("request"),
        open_connection=lambda: None,
        take_turn=lambda _, turn, __: sent.append(turn),
    )
    made = StressUser(SimpleNamespace(loadtest=SimpleNamespace(sender=sender)))  # type: ignore[arg-type]
    made._group = SimpleNamespace(killone=lambda _: None)
    return made


def test_who_wakes_up_between_being_told_to_stop_and_the_end_sends_nothing(user: Any) -> None:
    user._state = LOCUST_STATE_WAITING
    assert user.stop() is True
    with pytest.raises(StopUser):
        user.predict()
    assert user._sender.sent == []


def test_a_request_under_way_is_not_touched(user: Any) -> None:
    user._state = LOCUST_STATE_RUNNING
    user.predict()
    assert user.stop() is False
    assert user._sender.sent == ["request"]


def test_each_name_that_a_scenario_may_give_has_its_class() -> None:
    assert set(USER_CLASSES) == set(USER_CLASS_NAMES)


def test_who_has_nothing_left_to_send_waits_for_the_end(user: Any) -> None:
    """A user that ended by itself would be replaced by Locust with a new one."""
    user._turns = iter(())
    waiting = gevent.spawn(user.predict)
    gevent.sleep(0)
    assert not waiting.ready()
    user.stop()
    waiting.join(60)
    assert user._sender.left_out == 1
    assert isinstance(waiting.exception or waiting.value, StopUser | gevent.GreenletExit)
    assert user._sender.sent == []
