"""Who is the client? Every way to say it, and every way to say it wrong."""

import base64
from urllib.parse import quote_plus

import pytest
from site_kit import FORM

from admit_server.flows.admin import clients
from admit_server.flows.runtime import Caller

pytestmark = pytest.mark.anyio

OWN = {"grant_type": "client_credentials", "resource": "https://api.example"}
PUBLIC = {"grant_type": "refresh_token", "refresh_token": "adm_rt_x"}


def basic(user: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def refused(answer, error="invalid_client", status=401):
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) - {"error_description"} == {"error", "denial_id"}
    return True


async def test_a_confidential_client_proves_itself_by_header_or_form(site):
    secret = site.secrets["robot"]
    assert (await site.post("/token", OWN, headers=basic("robot", secret))).status_code == 200
    assert (await site.post("/token", OWN | {"client_id": "robot", "client_secret": secret})).status_code == 200
    assert (
        await site.post(
            "/token", OWN, headers={"authorization": basic("robot", secret)["authorization"].replace("Basic", "bAsIc")}
        )
    ).status_code == 200


async def test_both_parts_of_the_header_are_form_encoded(site):
    """RFC 6749 section 2.3.1."""
    new = clients.NewClient(name="Odd", client_id="odd~id", audiences=("https://api.example",))
    secret = (await clients.add(new, rt=site.rt, caller=Caller())).secret
    header = basic(quote_plus("odd~id").replace("~", "%7E"), quote_plus(secret).replace("_", "%5F"))
    assert (await site.post("/token", OWN, headers=header)).status_code == 200


async def test_the_form_may_repeat_the_id_of_the_header_and_nothing_else(site):
    header = basic("robot", site.secrets["robot"])
    assert (await site.post("/token", OWN | {"client_id": "robot"}, headers=header)).status_code == 200
    assert refused(await site.post("/token", OWN | {"client_id": "api"}, headers=header), "invalid_request", 400)
    both = OWN | {"client_id": "robot", "client_secret": site.secrets["robot"]}
    assert refused(await site.post("/token", both, headers=header), "invalid_request", 400)


async def test_wrong_unknown_and_missing_secrets_are_refused_with_a_challenge(site):
    for form, headers in (
        (OWN | {"client_id": "robot", "client_secret": "wrong"}, {}),
        (OWN | {"client_id": "robot", "client_secret": site.secrets["api"]}, {}),
        (OWN | {"client_id": "robot"}, {}),
        (OWN | {"client_id": "nobody", "client_secret": "x"}, {}),
        (OWN | {"client_id": "nobody"}, {}),
        (OWN, {}),
        (OWN, basic("robot", "wrong")),
        (OWN, basic("robot", "")),
        (OWN, basic("", "")),
    ):
        answer = await site.post("/token", form, headers=headers)
        assert refused(answer)
        assert answer.headers["www-authenticate"] == 'Basic realm="http://127.0.0.1:8100", charset="UTF-8"'
        assert answer.headers["cache-control"] == "no-store"


async def test_an_unknown_client_and_a_wrong_secret_look_the_same(site):
    for name in ("robot", "nobody", "x" * 900) * 3:
        answer = await site.post("/token", OWN | {"client_id": name, "client_secret": "wrong"})
        assert refused(answer)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic Zm9v",
        "Basic \xff\xfe",
        "Basic /////w==",
        "Bearer abc",
        "Digest x",
        "",
        "Basic " + "A" * 9000,
    ],
)
async def test_a_malformed_header_is_a_refusal_and_never_a_fault(site, header):
    answer = await site.post("/token", OWN, headers=[("authorization", header.encode("latin-1"))])
    assert refused(answer)


async def test_nul_and_broken_text_in_the_header_are_refusals(site):
    for raw in (b"ro\x00bot:x", b"\xff\xfe:x", b"robot%00:x", b"%ff%fe:x", b"robot:%ff"):
        header = {"authorization": "Basic " + base64.b64encode(raw).decode()}
        answer = await site.post("/token", OWN, headers=header)
        assert answer.status_code in (400, 401), answer.text


async def test_a_header_that_stands_twice_is_refused(site):
    header = ("authorization", basic("robot", site.secrets["robot"])["authorization"])
    answer = await site.post("/token", OWN, headers=[header, header])
    assert refused(answer, "invalid_request", 400)


async def test_a_public_client_names_itself_and_sends_no_secret(site):
    answer = await site.post("/token", PUBLIC | {"client_id": "web"})
    assert answer.json()["error"] == "invalid_grant"
    for form, headers in (
        (PUBLIC | {"client_id": "web", "client_secret": "x"}, {}),
        (PUBLIC, basic("web", "x")),
        (PUBLIC, basic("web", "")),
    ):
        answer = await site.post("/token", form, headers=headers)
        assert refused(answer)


async def test_a_disabled_client_is_unknown(site):
    async def disable(tx):
        await tx.clients._tx.run("UPDATE client SET disabled_at = 1 WHERE id = 'robot'")

    await site.rt.store.write(disable)
    assert refused(await site.own_token())


async def test_a_client_may_not_pass_by_a_text_that_only_looks_like_its_id(site):
    for name in ("ROBOT", "robot ", " robot", "robot\n", "robo\u200bt"):
        answer = await site.post("/token", OWN | {"client_id": name, "client_secret": site.secrets["robot"]})
        assert refused(answer)


async def test_every_endpoint_for_clients_asks_who_it_is(site):
    for path in ("/token", "/introspect", "/revoke", "/authorize-challenge"):
        answer = await site.post(path, {"token": "x", "grant_type": "refresh_token"})
        assert refused(answer)


async def test_a_secret_in_the_address_counts_for_nothing(site):
    answer = await site.post(f"/token?client_id=robot&client_secret={site.secrets['robot']}", OWN)
    assert refused(answer)


async def test_a_body_of_another_kind_is_refused(site):
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        answer = await site.post("/token", {}, content=b'{"a":1}', headers={"content-type": kind})
        assert refused(answer, "invalid_request", 400)
    typed = {"content-type": FORM + "; charset=UTF-8"}
    body = "&".join(f"{k}={v}" for k, v in (OWN | site.proof("robot")).items())
    assert (await site.post("/token", {}, content=body, headers=typed)).status_code == 200
