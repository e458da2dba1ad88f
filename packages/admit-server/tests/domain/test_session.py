"""Sessions."""

from dataclasses import replace

import pytest

from admit_server.domain.session import Session

SESSION = Session(
    id="ses_1", user_id="usr_1", auth_time=100, amr=("pwd",), acr="", network="", user_agent="", in_browser=True, created_at=100,
    expires_at=200,
)  # fmt: skip


@pytest.mark.parametrize(("now", "alive"), [(100, True), (199, True), (200, False), (201, False)])
def test_a_session_is_dead_at_its_expiry_second(now, alive):
    assert SESSION.is_alive(now) is alive


def test_an_ended_session_stays_ended():
    assert not replace(SESSION, ended_at=150).is_alive(120)
