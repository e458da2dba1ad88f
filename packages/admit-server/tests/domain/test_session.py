"""Sessions."""

from dataclasses import replace

import pytest

from admit_server.domain.session import Session, seen_every_s

SESSION = Session(
    id="ses_1", user_id="usr_1", auth_time=100, amr=("pwd",), acr="", network="", user_agent="", in_browser=True, created_at=100,
    last_seen_at=100, expires_at=200,
)  # fmt: skip


@pytest.mark.parametrize(("now", "alive"), [(100, True), (199, True), (200, False), (201, False)])
def test_a_session_is_dead_at_its_expiry_second(now, alive):
    assert SESSION.is_alive(now) is alive


def test_an_ended_session_stays_ended():
    assert not replace(SESSION, ended_at=150).is_alive(120)


@pytest.mark.parametrize(
    ("now", "idle_s", "idle"), [(159, 60, False), (160, 60, True), (161, 60, True), (10**9, 0, False)]
)
def test_a_browser_that_is_not_used_is_idle_from_the_second_on_that_is_set(now, idle_s, idle):
    assert SESSION.is_idle(now, idle_s=idle_s) is idle


def test_an_app_without_a_browser_is_never_idle():
    """It ends what it has itself, and its tokens have limits of their own."""
    assert not replace(SESSION, in_browser=False).is_idle(10**9, idle_s=60)


@pytest.mark.parametrize(("idle_s", "every_s"), [(60, 6), (600, 60), (3_600, 300), (86_400, 300), (0, 300)])
def test_that_a_browser_was_here_is_written_at_most_every_tenth_of_the_timeout(idle_s, every_s):
    assert seen_every_s(idle_s) == every_s
