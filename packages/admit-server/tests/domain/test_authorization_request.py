"""The authorization request's rules, one by one."""

from dataclasses import replace

import pytest

from admit_server.domain import errors
from admit_server.domain.authorization_request import check_client_and_redirect, check_request, choose_audience
from admit_server.domain.client import Client

API, OTHER = "https://api.example", "https://other.example"
CALLBACK = "https://app.example/cb"
CLIENT = Client(
    id="web", name="Web", kind="public", first_party=True, secret_digest=None, redirect_uris=(CALLBACK,), post_logout_redirect_uris=(),
    grant_types=frozenset({"authorization_code"}), scopes=frozenset({"openid", "email", "read"}), audiences=(API,),
    pkce_required=True, policy=None, created_at=1,
)  # fmt: skip
SCOPES = {API: frozenset({"read", "write"}), OTHER: frozenset({"read"})}
GOOD = {"response_type": "code", "scope": "openid read", "code_challenge": "a" * 43, "code_challenge_method": "S256"}


def check(client: Client = CLIENT, without: str = "", **changed: str):
    params = {name: value for name, value in (GOOD | changed).items() if name != without}
    return check_request(params, client=client, redirect_uri=CALLBACK, resource_scopes=SCOPES)


def test_a_good_request_passes_with_everything_it_asked_for():
    request = check(state="s", nonce="n", prompt="login consent", max_age="60", login_hint="alice")
    assert (request.client_id, request.redirect_uri, request.audience) == ("web", CALLBACK, API)
    assert request.scopes == {"openid", "read"}
    assert (request.state, request.nonce, request.code_challenge, request.login_hint) == ("s", "n", "a" * 43, "alice")
    assert request.freshness.prompt == {"login", "consent"}
    assert request.freshness.max_age_s == 60


@pytest.mark.parametrize("client", [None, replace(CLIENT, disabled_at=5)])
def test_a_client_unknown_or_disabled_is_refused_on_a_page(client):
    with pytest.raises(errors.UnknownClient) as refusal:
        check_client_and_redirect(client, CALLBACK)
    assert refusal.value.may_redirect is False


def test_a_redirect_uri_that_is_not_registered_is_refused_on_a_page():
    with pytest.raises(errors.RedirectUriMismatch) as refusal:
        check_client_and_redirect(CLIENT, "https://evil.example/")
    assert refusal.value.may_redirect is False


def test_the_redirect_uri_may_be_left_out_where_there_is_only_one():
    assert check_client_and_redirect(CLIENT, None) == (CLIENT, CALLBACK)
    with pytest.raises(errors.RedirectUriMismatch):
        check_client_and_redirect(replace(CLIENT, redirect_uris=()), None)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"without": "response_type"}, errors.InvalidRequest),
        ({"response_type": "token"}, errors.UnsupportedResponseType),
        ({"response_type": "id_token"}, errors.UnsupportedResponseType),
        ({"response_type": "code id_token"}, errors.UnsupportedResponseType),
        ({"response_type": "CODE"}, errors.UnsupportedResponseType),
        ({"request": "eyJ.."}, errors.ProtocolError),
        ({"request_uri": "https://evil.example/r"}, errors.ProtocolError),
        ({"registration": "{}"}, errors.ProtocolError),
        ({"response_mode": "fragment"}, errors.InvalidRequest),
        ({"response_mode": "form_post"}, errors.InvalidRequest),
        ({"state": "s" * 1025}, errors.InvalidRequest),
        ({"nonce": "n" * 257}, errors.InvalidRequest),
        ({"resource": OTHER}, errors.InvalidTarget),
        ({"resource": "https://nowhere.example"}, errors.InvalidTarget),
        ({"scope": "openid admin"}, errors.InvalidScope),
        ({"scope": "write"}, errors.InvalidScope),
        ({"scope": "a  b"}, errors.InvalidScope),
        ({"without": "code_challenge"}, errors.InvalidRequest),
        ({"without": "code_challenge_method"}, errors.InvalidRequest),
        ({"code_challenge_method": "plain"}, errors.InvalidRequest),
        ({"code_challenge": "short"}, errors.InvalidRequest),
        ({"prompt": "none login"}, errors.InvalidRequest),
        ({"prompt": "create"}, errors.InvalidRequest),
        ({"max_age": "-1"}, errors.InvalidRequest),
        ({"max_age": "1.5"}, errors.InvalidRequest),
        ({"max_age": "soon"}, errors.InvalidRequest),
        ({"max_age": "٣"}, errors.InvalidRequest),
        ({"max_age": "1" * 10}, errors.InvalidRequest),
    ],
)
def test_each_broken_rule_is_told_to_the_client(changed, refusal):
    with pytest.raises(refusal) as refused:
        check(**changed)
    assert refused.value.may_redirect is True


def test_a_client_without_the_code_grant_may_not_ask():
    with pytest.raises(errors.UnauthorizedClient):
        check(client=replace(CLIENT, grant_types=frozenset({"client_credentials"})))


def test_who_names_no_scope_gets_what_client_and_resource_have_in_common():
    assert check(without="scope").scopes == {"openid", "email", "read"}


def test_pkce_may_be_switched_off_for_confidential_clients_only():
    """RFC 9700 section 2.1.1: public clients MUST use it, whatever was registered."""
    lax = replace(CLIENT, kind="confidential", pkce_required=False)
    bare = {name: value for name, value in GOOD.items() if not name.startswith("code_")}
    assert check_request(bare, client=lax, redirect_uri=CALLBACK, resource_scopes=SCOPES).code_challenge is None
    with pytest.raises(errors.InvalidRequest, match="code_challenge"):
        check_request(bare, client=replace(lax, kind="public"), redirect_uri=CALLBACK, resource_scopes=SCOPES)


def test_the_longest_state_and_nonce_are_kept_as_they_are():
    request = check(state="✓" * 1024, nonce="n" * 256)
    assert request.state == "✓" * 1024


def test_a_client_of_several_resources_has_to_name_one():
    both = replace(CLIENT, audiences=(API, OTHER))
    assert choose_audience(OTHER, client=both, known=frozenset(SCOPES)) == OTHER
    with pytest.raises(errors.InvalidTarget):
        choose_audience(None, client=both, known=frozenset(SCOPES))


def test_a_client_without_resource_or_with_one_that_is_gone_gets_none():
    for client, known in ((replace(CLIENT, audiences=()), frozenset(SCOPES)), (CLIENT, frozenset())):
        with pytest.raises(errors.InvalidTarget):
            choose_audience(None, client=client, known=known)
        with pytest.raises(errors.InvalidTarget):
            choose_audience(API, client=client, known=known)
