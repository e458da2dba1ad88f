import re

import pytest

import admit
from admit import (
    AdmitError,
    InsufficientScope,
    InvalidRequest,
    MissingToken,
    StepUpRequired,
    TokenExpired,
    TokenRejected,
    VerifierUnavailable,
    errors,
    jose,
)
from admit.translating import from_jose

ALL = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, AdmitError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_a_code_is_its_class_in_snake_case_and_the_class_is_public(kind):
    """So that a code in a log leads to the class, and the other way round."""
    assert kind.code == re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    assert getattr(admit, kind.__name__) is kind


def test_every_refusal_of_jose_has_its_counterpart():
    for name in jose.__all__:
        kind = getattr(jose, name)
        if isinstance(kind, type) and issubclass(kind, jose.JoseError) and not issubclass(kind, jose.InvalidKey):
            if kind in (jose.JoseError, jose.ClaimsRefused):
                continue
            translated = from_jose(kind("why"))
            assert type(translated) is not TokenRejected, name
            assert str(translated) == "why"


def test_a_bad_token_is_challenged_without_saying_why():
    """RFC 6750 section 3; the reason is for the log."""
    error = TokenExpired("expired 42 s ago (leeway 30 s)")

    challenge = error.challenge(realm="api", resource_metadata="https://api.example/m")

    assert challenge == 'Bearer realm="api", error="invalid_token", resource_metadata="https://api.example/m"'
    assert error.problem() == {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "token_expired"}


def test_details_are_shown_only_on_demand():
    assert TokenExpired("why").problem(show_detail=True)["detail"] == "why"


def test_a_denial_id_is_shown():
    assert TokenExpired("why", denial_id="den_1").problem()["denial_id"] == "den_1"


def test_missing_credentials_are_challenged_without_an_error():
    """RFC 6750 section 3.1: "SHOULD NOT include an error code or other error information"."""
    assert MissingToken("x").challenge(realm="api") == 'Bearer realm="api"'
    assert MissingToken("x").challenge() == "Bearer"


def test_an_ambiguous_request_is_400():
    assert (InvalidRequest("x").status, InvalidRequest("x").challenge()) == (400, 'Bearer error="invalid_request"')


def test_a_missing_scope_is_403_and_names_the_scopes():
    error = InsufficientScope(["a", "b"])

    assert error.status == 403
    assert error.challenge() == 'Bearer error="insufficient_scope", scope="a b"'


def test_a_weak_sign_in_is_401_and_says_what_would_do():
    """RFC 9470 section 3."""
    error = StepUpRequired("x", acr_values=["gold"], max_age_s=60)

    assert error.status == 401
    assert error.challenge() == 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"'


def test_an_outage_is_503_with_retry_after_and_no_challenge():
    """A 401 would make clients throw good tokens away."""
    error = VerifierUnavailable("x", retry_after_s=7)

    assert error.status == 503
    assert error.headers(realm="api") == {"Retry-After": "7", "Cache-Control": "no-store"}


@pytest.mark.parametrize("hostile", ['a"b', "a\\", "a\r\nSet-Cookie: x=y", "a\x00b", "zażółć", 'a\\", error="x'])
def test_no_value_can_break_out_of_a_challenge(hostile):
    """RFC 9110 section 5.6.4: quoted strings."""
    challenge = InsufficientScope([hostile]).challenge(realm=hostile)

    assert re.fullmatch(r'Bearer( \w+="(?:[ !#-\[\]-~]|\\["\\])*",?)+', challenge)
    assert challenge.count("error=") - hostile.count("error=") * 2 == 1


def test_a_refused_token_can_be_caught_by_its_family():
    with pytest.raises(TokenRejected):
        raise TokenExpired("x")
    assert not issubclass(InsufficientScope, TokenRejected)
    assert not issubclass(VerifierUnavailable, TokenRejected)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InsufficientScope(["a"]), "needs the scope a"),
        (InsufficientScope(["b", "a"], granted={"d", "c"}), "needs the scopes b a; the token has c d"),
        (InsufficientScope(["a"], granted=()), "needs the scope a; the token has none"),
    ],
)
def test_a_missing_scope_says_what_is_there_to_the_developer_alone(error, message):
    assert str(error) == message
    assert "the token has" not in error.challenge() + str(error.problem())
