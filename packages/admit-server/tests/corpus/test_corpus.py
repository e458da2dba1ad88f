"""At least a hundred ways to be refused: the caller gets the right code and an id, the administrator the true cause, nobody a secret."""

import causes_api
import causes_authorize
import causes_clients
import causes_exchange
import causes_grants
import causes_journeys
import causes_library
import causes_links
import causes_methods
import causes_proofs
import causes_reports
import causes_sign_in
import causes_step_up
import causes_tokens
import causes_tokens_at_a_proxy
import causes_transactions
import pytest
from corpus_kit import Cause, judge

pytestmark = pytest.mark.anyio

TABLES = (
    causes_clients, causes_grants, causes_authorize, causes_sign_in, causes_tokens, causes_reports, causes_library,
    causes_exchange, causes_transactions, causes_tokens_at_a_proxy, causes_proofs,
    causes_step_up, causes_api, causes_links, causes_journeys,
)  # fmt: skip
CAUSES: list[Cause] = [cause for table in TABLES for cause in table.CAUSES]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name.replace(" ", "-"))
async def test_the_caller_gets_code_and_id_and_the_administrator_the_cause(cause, stage):
    await judge(cause, stage)


@pytest.mark.parametrize("cause", causes_methods.CAUSES, ids=lambda cause: cause.name.replace(" ", "-"))
async def test_so_they_do_with_every_way_to_sign_in(cause, stage_of_methods):
    await judge(cause, stage_of_methods)


def test_the_corpus_is_as_large_as_was_promised():
    every = [*CAUSES, *causes_methods.CAUSES]
    assert len(every) >= 100
    assert len({cause.name for cause in every}) == len(every)


def test_the_corpus_knows_every_code_that_a_server_tells_its_callers():
    told = {cause.code for cause in CAUSES} | {cause.kept_as for cause in CAUSES}
    assert told >= {
        "access_denied",
        "consent_required",
        "insufficient_scope",
        "invalid_authorization_details",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "invalid_session",
        "invalid_target",
        "invalid_token",
        "lease_ended",
        "link_ended",
        "login_required",
        "registration_not_supported",
        "request_not_supported",
        "request_uri_not_supported",
        "session_ended",
        "token_expired",
        "token_revoked",
        "token_unknown",
        "too_many_tries",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
