"""The core without any framework, also as a framework without an event loop would use it."""

import json
from dataclasses import dataclass, field

import anyio
import pytest

from admit import ActionNotAllowed, MalformedToken, MissingToken, TokenExpired, VerifierUnavailable
from admit.protected_resource import ProtectedResource
from admit.testing import ProofKey, TestIssuer


@dataclass
class Asked:
    """A request, as a framework for WSGI would show it."""

    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    path: str = "/items/7"
    address: str | None = "192.0.2.7"

    @property
    def sent_path(self):
        return self.path

    def header(self, name):
        return [value for each, value in self.headers.items() if each.lower() == name]


@pytest.fixture
def tokens():
    return TestIssuer()


@pytest.fixture
def resource(tokens):
    return ProtectedResource(verifier=tokens.verifier(), scopes={"read": "Read"})


@pytest.fixture(params=["blocking", "asynchronous"])
def verify(request, resource):
    if request.param == "blocking":
        return resource.verify
    return lambda *arguments, **options: anyio.run(lambda: resource.verify_async(*arguments, **options))


def test_a_good_token_says_who(verify, tokens):
    assert verify(Asked(tokens.bearer("bob"))).subject == "bob"


def test_bad_ones_and_none_are_refused(verify, tokens):
    with pytest.raises(TokenExpired) as caught:
        verify(Asked(tokens.expired()))
    assert caught.value.checks
    with pytest.raises(MissingToken):
        verify(Asked())


def test_a_token_that_never_reached_the_verifier_is_explained_and_reported_as_well(verify):
    with pytest.raises(MalformedToken) as caught:
        verify(Asked({"Authorization": "Bearer a b"}))

    assert [each.passed for each in caught.value.checks] == [False]


def test_limits_are_judged_by_the_request(verify, tokens):
    limited = Asked(tokens.bearer(claims={"limits": {"actions": [["GET /orders/*", "items.show"]]}}))

    with pytest.raises(ActionNotAllowed):
        verify(limited)
    assert verify(limited, action="items.show")


def test_proofs_are_about_the_public_address(verify, tokens):
    assert verify(Asked(tokens.dpop("GET", "/items/7", key=ProofKey())))


def test_behind_a_check_the_assertion_counts(tokens):
    resource = ProtectedResource(verifier=tokens.verifier(), behind_check=True)
    asked = Asked(tokens.assertion("bob", path="/items/7") | {"Host": "testserver"})

    assert resource.verify(asked).subject == "bob"
    assert anyio.run(resource.verify_async, asked).subject == "bob"
    with pytest.raises(MissingToken):
        resource.verify(Asked(tokens.bearer()))


def test_an_answer_is_all_that_is_to_be_sent(resource):
    answer = resource.answer(MissingToken("why"), Asked())

    assert answer.status == 401
    assert dict(answer.headers) == {
        "WWW-Authenticate": 'Bearer realm="https://api.test", '
        'resource_metadata="https://api.test/.well-known/oauth-protected-resource"',
        "Cache-Control": "no-store",
        "Content-Type": "application/problem+json",
    }
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "code": "missing_token",
    }


def test_an_outage_has_no_challenge(resource):
    headers = resource.answer(VerifierUnavailable("later"), Asked()).headers

    assert "WWW-Authenticate" not in headers
    assert headers["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("sent", "scheme"), [("DPoP abc", "DPoP"), ("dpop abc", "DPoP"), ("Bearer abc", "Bearer"), ("DPoPx a", "Bearer")]
)
def test_a_refusal_answers_in_the_scheme_of_the_request(resource, sent, scheme):
    """RFC 9449 section 7.1."""
    headers = resource.answer(TokenExpired("x"), Asked({"Authorization": sent})).headers

    assert headers["WWW-Authenticate"].startswith(f"{scheme} realm=")


def test_the_metadata_says_what_rfc_9728_asks_for(resource):
    assert resource.metadata_paths == ["/.well-known/oauth-protected-resource"]
    assert json.loads(resource.metadata().body)["scopes_supported"] == ["read"]
