"""Proofs that prove nothing, and bound tokens in the wrong hands."""

from causes_library import refused, signed
from corpus_kit import Cause, Stage
from site_kit import ISSUER, VERIFIER

from admit.limits import Attempt, Presented
from admit.testing import ProofKey

TOKEN, USERINFO, HERE = f"{ISSUER}/token", f"{ISSUER}/userinfo", "https://api.example/items/7"


def proof(stage: Stage, method="POST", url=TOKEN, key=None, **options):
    made = (key or ProofKey(clock=stage.site.clock)).proof(method, url, **options)
    stage.keep_secret(*made.split("."))
    return made


async def ask(stage: Stage, grant_type="authorization_code", client_id="web", proofs=(), **form):
    form = {"grant_type": grant_type} | stage.site.proof(client_id) | form
    return await stage.site.post("/token", form, headers=[("DPoP", one) for one in proofs])


async def by_code(stage: Stage, *proofs, **params):
    return await ask(stage, code=await stage.code(**params), code_verifier=VERIFIER, proofs=proofs)


def bad_proof(**options):
    async def act(stage: Stage):
        return await by_code(stage, proof(stage, **options))

    return act


async def no_jwt(stage: Stage):
    return await by_code(stage, "nonsense-nonsense-nonsense-nonsense")


async def two_proofs(stage: Stage):
    return await by_code(stage, proof(stage), proof(stage))


async def replayed(stage: Stage):
    once = proof(stage)
    await by_code(stage, once)
    return await by_code(stage, once)


async def too_old(stage: Stage):
    made = proof(stage)
    stage.site.clock.advance(91)
    return await by_code(stage, made)


async def another_keys_code(stage: Stage):
    return await by_code(stage, proof(stage), dpop_jkt="a" * 43)


async def no_proof_for_the_code(stage: Stage):
    return await by_code(stage, dpop_jkt="a" * 43)


async def bound(stage: Stage, key):
    body = (await by_code(stage, proof(stage, key=key))).json()
    stage.keep_secret(body["access_token"], body["refresh_token"])
    return body


def refresh(with_proof):
    async def act(stage: Stage):
        text = (await bound(stage, ProofKey(clock=stage.site.clock)))["refresh_token"]
        return await ask(stage, "refresh_token", refresh_token=text, proofs=[proof(stage)] if with_proof else [])

    return act


def userinfo(scheme="DPoP", by_thief=False, with_proof=True, is_bound=True):
    async def act(stage: Stage):
        key = ProofKey(clock=stage.site.clock)
        token = (await bound(stage, key) if is_bound else await stage.tokens())["access_token"]
        headers = {"Authorization": f"{scheme} {token}"}
        if with_proof:
            holder = ProofKey(clock=stage.site.clock) if by_thief else key
            headers["DPoP"] = proof(stage, "GET", USERINFO, key=holder, access_token=token)
        return await stage.site.get("/userinfo", headers=headers)

    return act


def shown(scheme="DPoP", proofs=(), certificate=None):
    presented = Presented(scheme=scheme, proofs=proofs, url=HERE, certificate=certificate)
    return Attempt(method="GET", path="/items/7", address="192.0.2.9", presented=presented)


KEY, CERTIFICATE = {"cnf": {"jkt": "a" * 43}}, {"cnf": {"x5t#S256": "b" * 43}}
PROOF, BOUND, AT = "invalid_dpop_proof", "key or certificate", "invalid_token"
CAUSES = [
    Cause("a proof that is none", no_jwt, PROOF, "DPoP proof: form of the proof", "three parts"),
    Cause("two proofs at once", two_proofs, PROOF, "DPoP proof: one proof", "2"),
    Cause("a proof for another method", bad_proof(claims={"htm": "GET"}), PROOF, "DPoP proof: method (htm)", "GET"),
    Cause("a proof for another address", bad_proof(claims={"htu": "https://a.example/"}), PROOF, "DPoP proof: address (htu)", "a.example"),
    Cause("a proof of another type", bad_proof(header={"typ": "JWT"}), PROOF, "DPoP proof: type of the proof", "jwt"),
    Cause("a proof without an id", bad_proof(claims={"jti": None}), PROOF, "DPoP proof: claims of the proof", "none"),
    Cause("a proof with a secret for a key", bad_proof(header={"jwk": {"kty": "oct", "k": "AA"}}), PROOF, "DPoP proof: key of the proof", "private"),
    Cause("a proof that is over", too_old, "use_dpop_nonce", "DPoP proof: time of the proof (iat)", "91 s ago"),
    Cause("a proof with a foreign nonce", bad_proof(nonce="n" * 28), "use_dpop_nonce", "DPoP proof: nonce", "nnn"),
    Cause("a proof that was used before", replayed, PROOF, PROOF, "replayed"),
    Cause("a code that is bound to another key", another_keys_code, "invalid_grant", "key of the code (dpop_jkt)", "aaa"),
    Cause("a bound code without a proof", no_proof_for_the_code, "invalid_grant", "key of the code (dpop_jkt)", "no proof"),
    Cause("a bound refresh token without a proof", refresh(False), "invalid_grant", "key of the token", "no proof"),
    Cause("a bound refresh token with another key", refresh(True), "invalid_grant", "key of the token"),
    Cause("a bound token as Bearer at userinfo", userinfo("Bearer", with_proof=False), AT, "scheme of the token", "Bearer"),
    Cause("an unbound token by DPoP at userinfo", userinfo(is_bound=False), AT, "scheme of the token", "DPoP"),
    Cause("a bound token without a proof at userinfo", userinfo(with_proof=False), PROOF, "DPoP proof: one proof", "none"),
    Cause("a stolen token with another key at userinfo", userinfo(by_thief=True), PROOF, "DPoP proof: key that the token is bound to"),
    Cause("a bound token as Bearer at an API", refused(signed(**KEY), attempt=shown("Bearer")), "token_bound", BOUND, "bound to a key"),
    Cause("a bound token without a proof at an API", refused(signed(**KEY), attempt=shown()), PROOF, BOUND, "none"),
    Cause("a bound token with rubbish at an API", refused(signed(**KEY), attempt=shown(proofs=("x",))), PROOF, BOUND, "three parts"),
    Cause("a bound token and no request known", refused(signed(**KEY)), "binding_not_enforceable", BOUND, "how it was shown"),
    Cause("a token that is bound in an unknown way", refused(signed(cnf={"kid": "1"}), attempt=shown("Bearer")), "binding_not_enforceable", BOUND, "kid"),
    Cause("a token of a certificate that is not there", refused(signed(**CERTIFICATE), attempt=shown("Bearer")), "certificate_mismatch", BOUND, "certificate"),
]  # fmt: skip
