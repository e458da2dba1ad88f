"""Tokens that are bound to a client certificate, as a trusted proxy tells it (RFC 8705 section 3)."""

import datetime
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from site_kit import API, claims_of

from admit import Attempt, CertificateMismatch, Presented, Verifier
from admit.binding import certificate_thumbprint
from admit.jose import Jwks
from admit_server.domain.token_policy import TokenPolicy
from admit_server.flows.admin import policies
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

# Requests of the kit come from 192.0.2.7.
BEHIND = '[server]\ntrusted_proxies = ["192.0.2.0/24"]\n[binding]\ncertificate_header = "X-Client-Cert"\n'
ELSEWHERE = BEHIND.replace("192.0.2.0/24", "198.51.100.0/24")


def certificate(name: str) -> str:
    """PEM of a certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=9000))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


MINE, THEIRS = certificate("mine"), certificate("theirs")
X5T = certificate_thumbprint(MINE)


def forwarded(pem):
    return {"X-Client-Cert": quote(pem)}


async def limited(site):
    await policies.set_policy(
        "bound", TokenPolicy(binding=frozenset({"mtls"})), rt=site.rt, caller=Caller(actor="test")
    )

    async def unit(tx):
        await tx.clients._tx.run("UPDATE resource SET policy = 'bound'")

    await site.rt.store.write(unit)


async def ask(site, headers, **form):
    form = {"grant_type": "client_credentials", "resource": API} | site.proof("robot") | form
    return await site.post("/token", form, headers=headers)


async def test_a_token_is_bound_to_the_certificate_that_the_proxy_tells(open_site):
    async with open_site(toml=BEHIND) as site:
        await limited(site)
        answer = await ask(site, forwarded(MINE))

        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert claims_of(body["access_token"])["cnf"] == {"x5t#S256": X5T}
        assert (await site.introspect(body["access_token"]))["cnf"] == {"x5t#S256": X5T}
        told = (await site.get("/.well-known/oauth-authorization-server")).json()
        assert told["tls_client_certificate_bound_access_tokens"] is True
        keys = Jwks([key.public for key in site.rt.keys.current.keys if key.stored.alg == "ES256"])
        verifier = Verifier(
            issuer=site.rt.issuer, audience=API, keys=keys, revocations=None, clock=lambda: float(site.clock())
        )
        verifier.verify(body["access_token"], Attempt(presented=Presented(certificate=X5T)))
        with pytest.raises(CertificateMismatch):
            verifier.verify(
                body["access_token"], Attempt(presented=Presented(certificate=certificate_thumbprint(THEIRS)))
            )


async def test_without_a_certificate_there_is_no_token_under_the_policy(open_site):
    async with open_site(toml=BEHIND) as site:
        await limited(site)
        for headers in ({}, {"X-Client-Cert": ""}, {"X-Client-Cert": "rubbish"}):
            answer = await ask(site, headers)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_without_the_policy_a_certificate_binds_nothing(open_site):
    async with open_site(toml=BEHIND) as site:
        assert "cnf" not in claims_of((await ask(site, forwarded(MINE))).json()["access_token"])


@pytest.mark.parametrize("toml", ["", ELSEWHERE])
async def test_nobody_but_the_trusted_proxy_is_believed(open_site, toml):
    async with open_site(toml=toml) as site:
        await limited(site)

        assert (await ask(site, forwarded(MINE))).json()["error"] == "invalid_request"


async def test_userinfo_takes_the_token_from_that_connection_alone(open_site):
    async with open_site(toml=BEHIND) as site:
        await limited(site)
        code = await site.browser().code()
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": _verifier(), **site.proof("web")}
        body = (await site.post("/token", form, headers=forwarded(MINE))).json()
        bearer = {"Authorization": f"Bearer {body['access_token']}"}

        assert (await site.get("/userinfo", headers=bearer | forwarded(MINE))).status_code == 200
        for headers in (bearer, bearer | forwarded(THEIRS)):
            assert (await site.get("/userinfo", headers=headers)).json()["error"] == "invalid_token"
        # RFC 8705 section 4: the refresh token of a public client is bound to the certificate as well.
        renewal = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], **site.proof("web")}
        for headers in ({}, forwarded(THEIRS)):
            assert (await site.post("/token", renewal, headers=headers)).status_code == 400
        assert (await site.post("/token", renewal, headers=forwarded(MINE))).status_code == 200


def _verifier():
    from site_kit import VERIFIER

    return VERIFIER
