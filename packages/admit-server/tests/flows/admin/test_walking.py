"""A journey at the terminal keeps the rules of the pages."""

import pytest
from site_kit import PASSWORD

from admit_server.domain.errors import AccessDenied, TooManyTries
from admit_server.flows.admin.explaining import Question
from admit_server.flows.admin.walking import walk
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio
CALLER = Caller(actor="test")


def answers(*lines):
    left = list(lines)

    async def ask(method, field, words):
        return left.pop(0)

    return ask


async def test_the_right_answers_end_in_what_a_sign_in_would_say(site):
    walked = await walk(Question(user="alice", client="web"), answers(PASSWORD), rt=site.rt, caller=CALLER)
    assert (walked.steps, walked.amr) == (("password",), ("pwd",))
    assert await site.rows("SELECT COUNT(*) FROM session") == [(0,)]
    assert await site.actions() == ["sign_in.walked"]


async def test_tries_are_counted_as_anywhere(site):
    for _ in range(5):
        with pytest.raises(AccessDenied):
            await walk(Question(user="alice"), answers("wrong"), rt=site.rt, caller=CALLER)
    with pytest.raises(TooManyTries):
        await walk(Question(user="alice"), answers(PASSWORD), rt=site.rt, caller=CALLER)


async def test_an_unknown_name_is_refused_like_a_wrong_password(site):
    with pytest.raises(AccessDenied, match="no such user"):
        await walk(Question(user="nobody"), answers(PASSWORD), rt=site.rt, caller=CALLER)
