"""`/.well-known/webauthn` (WebAuthn L3 section 5.11)."""

import pytest

pytestmark = pytest.mark.anyio


async def test_the_origins_that_may_use_our_passkeys_are_told_as_browsers_ask(open_site):
    toml = '[passkey]\nrelated_origins = ["https://example.net", "https://example.de"]\n'
    async with open_site(toml=toml, issuer="https://id.example.com") as site:
        answer = await site.get("/.well-known/webauthn")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"origins": ["https://example.net", "https://example.de"]}
    assert "set-cookie" not in answer.headers


async def test_without_any_there_is_no_such_file(site):
    assert (await site.get("/.well-known/webauthn")).status_code == 404
