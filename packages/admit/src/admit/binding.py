"""Tokens that are bound to a key or a certificate: whoever shows one has to prove that it is theirs (RFC 9449, RFC 8705)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from admit import dpop
from admit.background import ForkAware
from admit.errors import (
    BindingNotEnforceable,
    CertificateMismatch,
    InvalidDpopProof,
    TokenBound,
    TokenNotBound,
    UseDpopNonce,
    VerifierUnavailable,
)
from admit.jose import base64url
from admit.limits import Attempt, Presented

_NOT_SHOWN = Presented()


class Guard(ForkAware):
    """Judges how tokens were shown. One for each verifier: it remembers the proofs that it took."""

    def __init__(
        self,
        *,
        leeway_s: int,
        clock: Callable[[], float],
        nonces: dpop.Nonces | None = None,
    ) -> None:
        """
        Args:
            leeway_s: How far clocks may differ.
            clock: Seconds since 1970.
            nonces: Given out and asked for, where there are any.
        """
        self._leeway_s, self._clock, self._nonces = leeway_s, clock, nonces
        super().__init__()
        self.forget_parent()

    def forget_parent(self) -> None:
        """A child has a memory of its own: a thread of the parent may have held the lock of this one."""
        longest = max(dpop.LASTS_S + 2 * self._leeway_s, self._nonces.lasts_s if self._nonces is not None else 0)
        self._replays = dpop.Replays(turn_s=float(longest))

    def check(self, cnf: Any, token: str, attempt: Attempt) -> None:
        """Go on only if a token is shown by whom it was made for. Takes the proof: it is good once.

        Args:
            cnf: The token's claim; None where it has none.
            token: Its text.
            attempt: How it was shown, and for what.

        Raises:
            TokenBound: Bound to a key, and shown as Bearer.
            TokenNotBound: Shown by the scheme DPoP, and bound to no key.
            InvalidDpopProof: No proof, or one that breaks a rule.
            CertificateMismatch: Another certificate, or none.
            BindingNotEnforceable: Nothing is known of how it was shown, or it is bound in a way unknown here.
            VerifierUnavailable: Too many proofs are remembered.
        """
        self.confirm(cnf, self.prove(token, attempt), attempt)

    def prove(self, token: str, attempt: Attempt) -> dpop.Proven | None:
        """Check the proof that comes with a token, before anything is known of the token. None: shown as Bearer."""
        presented = attempt.presented
        if presented is None or presented.scheme != "DPoP":
            return None
        if attempt.method is None or presented.url is None:
            raise BindingNotEnforceable(
                "the token came by the scheme DPoP, and method or public address of the request are not known: pass "
                "Attempt(method=..., presented=Presented(url=...)) to verify"
            )
        request = dpop.Request(method=attempt.method, url=presented.url, access_token=token)
        try:
            return dpop.check(
                presented.proofs,
                request,
                now=self._clock(),
                leeway_s=self._leeway_s,
                nonces=self._nonces,
                nonce_needed=self._nonces is not None,
            )
        except dpop.NonceWanted as error:
            if self._nonces is None:
                raise InvalidDpopProof(str(error)) from None
            raise UseDpopNonce(str(error), nonce=self._nonces.new(self._clock())) from None
        except dpop.InvalidProof as error:
            raise InvalidDpopProof(str(error)) from None

    def confirm(self, cnf: Any, proven: dpop.Proven | None, attempt: Attempt) -> None:
        """Compare what was proven with what the token is bound to, and take the proof."""
        jkt, x5t = members_of(cnf)
        presented = attempt.presented
        if jkt is None and proven is not None:
            raise TokenNotBound("the token came by the scheme DPoP and is bound to no key: send it as Bearer")
        if cnf is not None and presented is None:
            raise BindingNotEnforceable(
                "the token is bound to a key or certificate, and nothing is known of how it was shown: pass "
                "Attempt(method=..., presented=Presented(scheme=..., proofs=..., url=...)) to verify"
            )
        if x5t is not None and x5t != (presented or _NOT_SHOWN).certificate:
            raise CertificateMismatch("the token is bound to a client certificate that this connection does not have")
        if jkt is None:
            return
        if proven is None:
            raise TokenBound("the token is bound to a key: send it by the scheme DPoP, with a proof")
        try:
            dpop.by_bound_key(proven.jkt, jkt)
        except dpop.InvalidProof as error:
            raise InvalidDpopProof(str(error)) from None
        try:
            fresh = self._replays.take(proven.digest, now=self._clock())
        except dpop.TooManyProofs as error:
            raise VerifierUnavailable(f"no more proofs can be taken for a while: {error}") from None
        if not fresh:
            raise InvalidDpopProof("this very proof was shown here before: each request needs a new one")


def members_of(cnf: Any) -> tuple[str | None, str | None]:
    """Return thumbprint of key and of certificate in a claim `cnf` (RFC 9449 section 6.1, RFC 8705 section 3.1).

    RFC 7800 section 3.1: members that are not understood are ignored. A token that is bound in no other way is refused, because
    it would be good in anybody's hands.

    Raises:
        BindingNotEnforceable: No member that is understood here, or one of the wrong type.
    """
    if cnf is None:
        return None, None
    if not isinstance(cnf, Mapping):
        raise BindingNotEnforceable("cnf is not an object")
    jkt, x5t = cnf.get("jkt"), cnf.get("x5t#S256")
    if jkt is None and x5t is None:
        raise BindingNotEnforceable(f"cnf has {', '.join(sorted(map(repr, cnf)))}, of which this version knows none")
    if not isinstance(jkt, str | None) or not isinstance(x5t, str | None):
        raise BindingNotEnforceable("a member of cnf is no text")
    return jkt, x5t


def certificate_thumbprint(certificate: bytes | str) -> str:
    """Return `x5t#S256` of a certificate: base64url of SHA-256 of its DER (RFC 8705 section 3.1).

    Args:
        certificate: DER, or PEM as bytes or text.

    Raises:
        ValueError: Not a certificate.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    data = certificate.encode("utf-8") if isinstance(certificate, str) else certificate
    pem = data.lstrip().startswith(b"-----BEGIN")
    try:
        parsed = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except x509.InvalidVersion as error:  # which is no ValueError
        raise ValueError(str(error)) from None
    return base64url.encode(hashlib.sha256(parsed.public_bytes(Encoding.DER)).digest())


def forwarded_certificate(values: tuple[str, ...] | list[str]) -> str | None:
    """Return the thumbprint of the certificate that a trusted proxy put into a header; None for none.

    Takes what nginx writes by `$ssl_client_escaped_cert`: PEM, escaped as in an address. An empty value is none.

    Raises:
        ValueError: The header is repeated, or holds no certificate.
    """
    from urllib.parse import unquote

    if len(values) > 1:
        raise ValueError("the header with the client certificate is there twice")
    if not values or not values[0].strip():
        return None
    return certificate_thumbprint(unquote(values[0].strip()))
