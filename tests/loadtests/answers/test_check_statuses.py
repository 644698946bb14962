"""A body is looked at where the right status is a 2xx."""

from __future__ import annotations

from configuration.reply import ReplyExpectation
from loadtests.answers.check import build_check
from loadtests.client.reply import Reply


def test_a_right_status_that_is_no_2xx_needs_no_answer() -> None:
    check = build_check(ReplyExpectation("score"), {"realistic": (200, 404)}, "realistic", None)
    reply = Reply()
    reply.status, reply.body = 404, b"no such page"
    assert check.classify(reply) == "ok"
    assert check.explain(reply) == ""
    reply.status = 200
    assert check.classify(reply) == "invalid_reply"
