"""How a token is shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """How a token was shown, and with what proof that its holder is the one it was made for.

    Attributes:
        scheme: Of the `Authorization` header, "Bearer" or "DPoP".
        proofs: All values of the header `DPoP` (RFC 9449 section 4.1).
        url: The public address of the request; a query does not matter. From configuration, never from a header.
        certificate: `admit.binding.certificate_thumbprint` of the client's certificate, as the TLS layer or a trusted proxy
            verified it (RFC 8705 section 3.1).
    """

    scheme: str = "Bearer"
    proofs: tuple[str, ...] = field(default=(), repr=False)
    url: str | None = None
    certificate: str | None = None
