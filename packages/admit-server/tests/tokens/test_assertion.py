from admit_server.domain.check_request import read_request
from admit_server.domain.grant import Grant
from admit_server.domain.token_policy import SERVER_DEFAULT
from admit_server.tokens.assertion import ASSERTION_LIFETIME_S, assertion_claims


def claims(*, session="ses_1", auth_time=90, counted=False):
    grant = Grant(
        id="grt_1",
        user_id="usr_1",
        client_id="cli_1",
        session_id=session,
        audience="https://api.example",
        scopes=frozenset({"a", "b"}),
        policy=SERVER_DEFAULT.bounded(),
        auth_time=auth_time,
        acr="urn:admit:acr:1fa",
        amr=("pwd",),
        format="jwt",
        created_at=1,
        expires_at=1000,
    )
    return assertion_claims(
        grant,
        issuer="https://id.example",
        assertion_id="tok_2",
        token_id="tok_1",
        scopes=frozenset({"a"}),
        request=read_request(method="GET", host="API.example:443", uri="/caf%C3%A9?x"),
        counted=counted,
        now=100,
    )


def test_an_assertion_says_who_with_what_for_which_request():
    assert claims() == {
        "iss": "https://id.example",
        "sub": "usr_1",
        "aud": "https://api.example",
        "iat": 100,
        "exp": 100 + ASSERTION_LIFETIME_S,
        "jti": "tok_2",
        "client_id": "cli_1",
        "scope": "a",
        "grant": "grt_1",
        "sid": "ses_1",
        "token_jti": "tok_1",
        "auth_time": 90,
        "acr": "urn:admit:acr:1fa",
        "amr": ["pwd"],
        "request": {"method": "GET", "host": "api.example", "path": "/café"},
    }
    assert ASSERTION_LIFETIME_S <= 60


def test_what_is_not_known_is_left_out_and_a_counted_use_is_told():
    told = claims(session=None, auth_time=None, counted=True)
    assert told["counted"] is True
    assert not told.keys() & {"sid", "auth_time", "acr", "amr"}
