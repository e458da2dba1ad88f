"""Claims in a form that a function makes; those that a type names are in fast/test_typed_claims.py."""

import sys
from dataclasses import dataclass

import pytest

from admit import Issuer, MalformedToken, TokenExpired, Verifier
from admit.shaping import shape_of

ID, API, SECRET = "https://id.test", "https://api.test", b"k" * 32


def verifier(**options):
    return Verifier(**({"issuer": ID, "audience": API, "keys": SECRET} | options))


def token(**claims):
    return Issuer(issuer=ID, key=SECRET).issue(subject="alice", audience=API, claims=claims)


def test_a_function_makes_of_the_claims_what_it_likes():
    who = verifier(claims=lambda said: said["tenant"].upper()).verify(token(tenant="acme"))

    assert (who.claims, who.subject) == ("ACME", "alice")


def test_a_token_that_comes_again_is_shaped_anew_each_time():
    one = verifier(claims=lambda said: {"roles": said["roles"]})
    text = token(roles=["a"])
    for _ in range(4):
        who = one.verify(text)
        assert who.claims == {"roles": ["a"]}
        who.claims["roles"].append("admin")


@pytest.mark.parametrize("error", [ValueError("no"), TypeError("no"), KeyError("no")])
def test_a_token_whose_claims_do_not_fit_is_refused_like_any_other(error):
    def refuse(said):
        raise error

    with pytest.raises(MalformedToken, match="do not fit what this application expects of them") as caught:
        verifier(claims=refuse).verify(token())
    assert (caught.value.status, caught.value.code) == (401, "malformed_token")
    assert "FAILED" in caught.value.explain()


def test_a_token_that_is_bad_anyway_is_never_shaped():
    def never(said):
        raise AssertionError("looked at")

    with pytest.raises(TokenExpired):
        verifier(claims=never, clock=lambda: 4_000_000_000.0).verify(token())


@pytest.mark.anyio
async def test_claims_are_shaped_without_blocking_as_well():
    one = verifier(claims=lambda said: said["tenant"])
    who = await one.verify_async(token(tenant="acme"))

    assert who.claims == "acme"


@pytest.mark.parametrize("kind", [int, "tenant", 5, object])
def test_what_is_no_form_is_refused_when_the_verifier_is_made(kind):
    with pytest.raises(ValueError, match="a TypedDict, a dataclass, a msgspec Struct or a function of the claims"):
        verifier(claims=kind)


def test_a_type_without_what_fills_it_says_what_to_install(monkeypatch):
    @dataclass
    class Claims:
        tenant: str

    monkeypatch.setitem(sys.modules, "msgspec", None)

    with pytest.raises(
        ValueError, match=r"claims=Claims is filled by msgspec: install it with `pip install 'admit\[fast\]'`"
    ):
        shape_of(Claims)


@pytest.mark.anyio
async def test_a_verifier_is_closed_by_an_asynchronous_context_too():
    async with verifier() as one:
        assert (await one.verify_async(token())).subject == "alice"


@pytest.fixture
def anyio_backend():
    return "asyncio"
