"""Binding tokens to a key or certificate of whoever asks for them, and letting only that one use them (RFC 9449, RFC 8705)."""

from collections.abc import Sequence

from admit import dpop
from admit.limits import Attempt

from ..domain.client import Client
from ..domain.confirmation import NOTHING, Confirmation, Holder, OnceProof
from ..domain.errors import InvalidDpopProof, InvalidRequest, InvalidToken, UseDpopNonce
from ..domain.token_policy import TokenPolicy
from ..ports.transaction import Tx
from .runtime import Caller, Runtime

LEEWAY_S = 30
_RULE = "a proof of this very request, made now, for the first time"


def check_proof(values: Sequence[str], request: dpop.Request, *, rt: Runtime, caller: Caller) -> Holder:
    """Check the DPoP proof of a request. It is taken later, in the unit that gives something for it.

    Args:
        values: All values of the header `DPoP`; one at least.
        request: What the proof has to be about.
        rt: The runtime.
        caller: Where from; gets the checks.

    Raises:
        UseDpopNonce: A nonce is needed, or the client's clock is wrong: then the nonce helps as well.
        InvalidDpopProof: It breaks a rule of RFC 9449 section 4.3.
    """
    now = rt.clock()
    nonces = dpop.Nonces(lambda data: rt.vault.mac("dpop nonce", data))
    try:
        proven = dpop.check(
            values, request, now=now, leeway_s=LEEWAY_S, nonces=nonces, nonce_needed=rt.dpop_nonce_needed
        )
    except dpop.InvalidProof as error:
        caller.trail.failed(f"DPoP proof: {error.rule}", error.expected, error.found)
        if isinstance(error, dpop.NonceWanted):
            raise UseDpopNonce(
                "Make the proof anew with the nonce.", nonce=nonces.new(now), detail=str(error)
            ) from None
        raise InvalidDpopProof(f"The DPoP proof breaks a rule: {error.rule}.", detail=str(error)) from None
    caller.trail.passed("DPoP proof", _RULE, f"one by the key {proven.jkt}")
    return Holder(Confirmation(jkt=proven.jkt), OnceProof(proven.digest, proven.good_until), proven.next_nonce)


async def bind(tx: Tx, policy: TokenPolicy, holder: Holder) -> Confirmation:
    """What a token that is issued by this policy to this holder is bound to. Takes the proof, in the unit that issues.

    A client that sends a proof gets a token that is bound to its key, whatever the policy says (RFC 9449 section 5). A certificate
    binds only where the policy says so: a proxy forwards those of everybody.

    Raises:
        InvalidDpopProof: The policy asks for a proof and there is none, or it was shown before. Raised, so that the unit is undone
            and nothing is spent.
        InvalidRequest: The policy asks for a client certificate and there is none.
    """
    if (missing := not_proved(policy, holder.proved)) is not None:
        raise missing
    await take(tx, holder)
    return Confirmation(jkt=holder.proved.jkt, x5t=holder.proved.x5t if "mtls" in policy.binding else "")


def not_proved(policy: TokenPolicy, proved: Confirmation) -> InvalidDpopProof | InvalidRequest | None:
    """The refusal of a caller that did not prove what a policy asks for; None where it did."""
    if "dpop" in policy.binding and not proved.jkt:
        return InvalidDpopProof("These tokens are bound to a key: send a DPoP proof.", detail="no proof was sent")
    if "mtls" in policy.binding and not proved.x5t:
        return InvalidRequest(
            "These tokens are bound to a client certificate: present one.", detail="none was presented"
        )
    return None


async def take(tx: Tx, holder: Holder) -> None:
    """Take the proof of a request: of any number of requests with the same one, exactly one goes on (RFC 9449 section 11.1).

    Raises:
        InvalidDpopProof: It was shown before.
    """
    if holder.proof is not None and not await tx.proofs.take(
        holder.proof.digest, keep_until=holder.proof.good_until + 1
    ):
        raise InvalidDpopProof(
            "The DPoP proof was used before: make a new one for each request.", detail="proof replayed"
        )


def for_refresh(client: Client, cnf: Confirmation, *, before: Confirmation = NOTHING) -> Confirmation:
    """What a refresh token is bound to.

    RFC 9449 section 5: those of public clients MUST be bound to the key; those of confidential clients are not, because they are bound
    to the client, which may change its key. RFC 8705 section 4 says the same of certificates.
    """
    return (before or cnf) if client.kind == "public" else NOTHING


async def require_holder(bound: Confirmation, token: str, attempt: Attempt, *, rt: Runtime, caller: Caller) -> None:
    """Go on only if a good token is shown by whom it is bound to, at an endpoint of this server.

    Args:
        bound: What the token is bound to.
        token: Its text.
        attempt: The request, with `presented`.
        rt: The runtime.
        caller: Where from; gets the checks.

    Raises:
        InvalidToken: A bound token as Bearer (RFC 9449 section 7.2), an unbound one by the scheme DPoP, another certificate.
        InvalidDpopProof, UseDpopNonce: The proof is missing, breaks a rule, is by another key, or was shown before.
    """
    presented, trail = attempt.presented, caller.trail
    scheme = presented.scheme if presented is not None else "Bearer"
    if bound.x5t and (presented is None or presented.certificate != bound.x5t):
        trail.failed("certificate of the token", bound.x5t, presented.certificate if presented else None)
        raise InvalidToken("The access token is not valid.", detail="certificate_mismatch")
    if (scheme == "DPoP") != bool(bound.jkt):
        trail.failed("scheme of the token", "DPoP" if bound.jkt else "Bearer", scheme)
        raise InvalidToken("The access token is not valid.", detail="token_bound" if bound.jkt else "token_not_bound")
    if presented is None or not bound.jkt:
        return
    request = dpop.Request(method=attempt.method or "", url=presented.url or "", access_token=token, jkt=bound.jkt)
    holder = check_proof(presented.proofs, request, rt=rt, caller=caller)

    async def unit(tx: Tx) -> None:
        await take(tx, holder)

    await rt.store.write(unit)
