"""How fresh a sign-in has to be."""

import pytest

from admit_server.domain.account import AccountRules, SignInTooOld, is_fresh, require_fresh
from admit_server.domain.session import Session

SIGNED_IN = Session(
    id="ses_1", user_id="usr_1", auth_time=1000, amr=("pwd",), acr="", network="", user_agent="", in_browser=True,
    created_at=0, last_seen_at=0, expires_at=10_000,
)  # fmt: skip


@pytest.mark.parametrize(("now", "fresh"), [(1000, True), (1060, True), (1061, False), (9000, False)])
def test_the_time_of_the_last_proof_counts_not_the_age_of_the_session(now, fresh):
    rules = AccountRules(fresh_s=60)
    assert is_fresh(SIGNED_IN, rules, now=now) is fresh
    if fresh:
        require_fresh(SIGNED_IN, rules, now=now)
    else:
        with pytest.raises(SignInTooOld):
            require_fresh(SIGNED_IN, rules, now=now)
