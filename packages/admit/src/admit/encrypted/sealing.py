"""From a signed token to an encrypted one (RFC 7516 section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping

from admit.encrypted.keys import EncryptionKey

_REPLICABLE = frozenset({"iss", "sub", "aud"})


def encrypt(
    token: str, key: EncryptionKey, *, enc: str | None = None, replicated: Mapping[str, str] | None = None
) -> str:
    """Return a signed token, encrypted.

    Args:
        token: A compact JWS. RFC 7519 section 11.2: sign first, then encrypt.
        key: Of the receiver: its public key, or the secret that both know. Decides `alg`.
        enc: How the content is encrypted; the first that the key is for by default.
        replicated: Claims to show in the header too: "iss", "sub" and "aud" may be (RFC 7519 section 5.3). They are
            readable for everybody then.

    Raises:
        ValueError: Not a signed token, an `enc` that the key is not for, or another claim.
    """
    from joserfc import jwe

    chosen = key.encryptions[0] if enc is None else enc
    if chosen not in key.encryptions:
        raise ValueError(f"the key is for {', '.join(key.encryptions)}, not for {chosen!r}")
    if token.count(".") != 2:
        raise ValueError("only a signed token is encrypted")
    if unknown := set(replicated or {}) - _REPLICABLE:
        raise ValueError(f"only iss, sub and aud may be shown in the header, not {sorted(unknown)}")
    header = {
        "alg": key.alg,
        "enc": chosen,
        "cty": "JWT",
        **({"kid": key.kid} if key.kid is not None else {}),
        **(replicated or {}),
    }
    registry = jwe.JWERegistry(algorithms=[key.alg, chosen], strict_check_header=False)
    return jwe.encrypt_compact(header, token, key.material, registry=registry)
