"""Grants: whose they are, and what they end with."""

from dataclasses import replace

from admit_server.domain.grant import Grant
from admit_server.domain.token_policy import SERVER_DEFAULT

GRANT = Grant(
    id="grt_1", client_id="cli_1", user_id="usr_1", session_id="ses_1", auth_time=1, acr="", amr=(), scopes=frozenset(),
    audience="https://api.example", format="jwt", policy=SERVER_DEFAULT.bounded(), created_at=1, expires_at=2,
)  # fmt: skip


def test_the_subject_is_the_person_or_else_the_client_itself():
    """RFC 9068 section 2.2."""
    assert GRANT.subject == "usr_1"
    assert replace(GRANT, user_id=None).subject == "cli_1"


def test_tokens_are_bound_to_the_session_only_where_the_policy_says_so():
    assert GRANT.bound_session == "ses_1"
    free = replace(GRANT, policy=replace(GRANT.policy, end_with_session=False))
    assert free.bound_session is None
    assert replace(GRANT, session_id=None).bound_session is None
