import pytest

from admit import BadSignature, MalformedToken, TokenExpired, TokenRevoked, UnknownKey, Verifier, WrongAudience
from admit.asgi import TokenMiddleware
from admit.fastapi import TokenAuth
from admit.jose import Jwks, generate_key
from admit.testing import TestIssuer


async def nothing(scope, receive, send): ...


def made(**options):
    return Verifier(**({"issuer": "https://id.example", "audience": "https://api.example"} | options))


def text(headers):
    return headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize(
    "target",
    [
        made(),
        TokenAuth(issuer="https://id.example", audience="https://api.example"),
        TokenMiddleware(nothing, issuer="https://id.example", audience="https://api.example"),
    ],
    ids=lambda target: type(target).__name__,
)
def test_what_was_made_at_import_trusts_the_issuer_until_the_end_of_the_block(target):
    verifier = getattr(target, "verifier", target)

    with TestIssuer().protecting(target) as tokens:
        assert (tokens.issuer, tokens.audience) == ("https://id.example", "https://api.example")
        assert verifier.verify(tokens.token("bob")).subject == "bob"
        with pytest.raises(TokenExpired):
            verifier.verify(text(tokens.expired()))

    assert "verify" not in vars(verifier)


def test_a_verifier_that_others_hold_already_is_replaced_for_them_too():
    keys = generate_key("ES256", kid="real")
    verifier = made(keys=Jwks([keys.public()]), revocations=None)
    held = verifier

    with TestIssuer().protecting(TokenAuth(verifier=verifier)) as tokens:
        token = tokens.token()
        assert held.verify(token)

    with pytest.raises((UnknownKey, BadSignature)):
        held.verify(token)


@pytest.mark.parametrize("algorithms", [{"ES256"}, {"RS256"}, {"RS256", "ES256"}, {"HS256"}])
def test_the_issuer_signs_with_what_the_verifier_allows(algorithms):
    verifier = made(algorithms=algorithms, keys=b"k" * 32 if algorithms == {"HS256"} else None)

    with TestIssuer().protecting(verifier) as tokens:
        assert verifier.verify(tokens.token())


def test_leeway_and_going_without_revocations_stay_as_they_were(clock):
    strict, without = made(leeway_s=0), made(revocations=None)
    tokens = TestIssuer(clock=clock)

    with tokens.protecting(strict, without):
        token = tokens.token(lifetime_s=10)
        ended = text(tokens.revoked(lifetime_s=100))
        clock.now += 10
        assert without.verify(token)
        assert without.verify(ended)
        with pytest.raises(TokenExpired):
            strict.verify(token)
        with pytest.raises(TokenRevoked):
            strict.verify(ended)


def test_each_keeps_its_own_audience():
    orders, refunds = made(), made(audience="https://refunds.example")

    with TestIssuer().protecting(orders, refunds) as tokens:
        assert refunds.verify(tokens.token(audience="https://refunds.example"))
        with pytest.raises(WrongAudience):
            refunds.verify(tokens.token())


def test_two_issuers_need_two():
    with pytest.raises(ValueError, match="a TestIssuer for each"):
        TestIssuer().protects(made(), made(issuer="https://other.example"))


@pytest.mark.parametrize("target", [None, nothing, object()])
def test_something_that_protects_nothing_is_told_apart(target):
    with pytest.raises(TypeError, match="pass your TokenAuth"):
        TestIssuer().protects(target)


def test_the_form_of_claims_stays_as_it_was():
    verifier = made(claims=lambda said: said["tenant"])

    with TestIssuer().protecting(verifier) as tokens:
        assert verifier.verify(tokens.token(claims={"tenant": "acme"})).claims == "acme"
        with pytest.raises(MalformedToken):
            verifier.verify(tokens.token())
