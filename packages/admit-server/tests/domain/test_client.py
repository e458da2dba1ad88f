"""Clients and what they may ask for."""

import pytest

from admit_server.domain.client import GRANT_TYPES, Client, check_grant_types
from admit_server.domain.errors import NotAllowed, UnauthorizedClient

CLIENT = Client(
    id="cli_1", name="One", kind="confidential", first_party=False, secret_digest=b"digest-of-the-secret", redirect_uris=(),
    post_logout_redirect_uris=(), grant_types=frozenset({"refresh_token"}), scopes=frozenset(), audiences=(), pkce_required=True,
    policy=None, created_at=1,
)  # fmt: skip


def test_a_client_uses_only_the_grant_types_it_was_added_with():
    CLIENT.require_grant_type("refresh_token")
    for other in ("authorization_code", "client_credentials", "password", ""):
        with pytest.raises(UnauthorizedClient):
            CLIENT.require_grant_type(other)


def test_a_public_client_has_no_credentials_to_use():
    """RFC 6749 section 4.4."""
    check_grant_types(frozenset(GRANT_TYPES), kind="confidential")
    with pytest.raises(NotAllowed, match="confidential clients only"):
        check_grant_types(frozenset(GRANT_TYPES), kind="public")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", ""])
def test_a_grant_type_that_this_server_does_not_know_is_refused(grant_type):
    with pytest.raises(NotAllowed, match="Unknown grant type"):
        check_grant_types(frozenset({grant_type}), kind="confidential")


def test_the_digest_of_the_secret_is_in_no_representation():
    assert "digest-of-the-secret" not in repr(CLIENT)
