"""Arguments of a verifier that would otherwise be noticed at the first token, or never."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set


def police_arguments(
    *,
    issuer: object,
    revocations: object,
    algorithms: Collection[str] | None,
    danger_accept_types: Collection[str],
    client_id: str | None,
    client_secret: str | None,
    accept_for: object,
    wait_s: object,
    dpop_nonces: object,
    max_cached_tokens: object,
) -> None:
    """Refuse what breaks its rule. The arguments are those of `Verifier`.

    Raises:
        ValueError: The message names the argument, and what to write.
    """
    if isinstance(algorithms, str) or isinstance(danger_accept_types, str):
        raise ValueError("algorithms and danger_accept_types are collections of names, for example {'ES256'}")
    if (client_id is None) != (client_secret is None):
        raise ValueError("client_id and client_secret go together")
    for name, value in (("accept_for", accept_for), ("wait_s", wait_s), ("max_cached_tokens", max_cached_tokens)):
        if not isinstance(value, int | float) or not value >= 0:
            raise ValueError(f"{name} must be a number, 0 or more; got {value!r}")
    if dpop_nonces is not None and (not isinstance(dpop_nonces, bytes) or len(dpop_nonces) < 32):
        got = f"{len(dpop_nonces)} bytes" if isinstance(dpop_nonces, bytes) else type(dpop_nonces).__name__
        raise ValueError(f"dpop_nonces must be 32 bytes or more, for example secrets.token_bytes(32); got {got}")
    # False is the likely slip here, and must neither count as None nor fail at the first token.
    if revocations not in ("follow", None) and not (hasattr(revocations, "ready") and hasattr(revocations, "revoked")):
        raise ValueError(
            f'revocations must be "follow", None or an object as in admit.revocations; got {revocations!r}'
        )
    if not isinstance(issuer, str):
        raise ValueError(f"issuer must be the issuer's identifier as text, as in the claim iss; got {issuer!r}")
    if "://" in issuer:
        from admit.urls import issuer_url

        issuer_url(issuer)


def police_keys(keys: object) -> None:
    """Refuse what is no key source.

    Raises:
        ValueError: The message says what to write instead. It never repeats the keys: they may be a secret.
    """
    if not (hasattr(keys, "find") and hasattr(keys, "close")):
        raise ValueError(f"keys must be bytes, a Jwk, a Jwks or a key source; {_instead_of(keys)}")


def _instead_of(keys: object) -> str:
    if isinstance(keys, str) and keys.startswith(("https://", "http://")):
        return "for an address, pass RemoteKeys(issuer, jwks_uri=...)"
    if isinstance(keys, str) and keys.lstrip().startswith("-----BEGIN"):
        return "this is the text of a key file: pass admit.jose.Jwk.from_pem(...) of it"
    if isinstance(keys, str):
        return "this is text: for a secret, pass its bytes"
    if isinstance(keys, Mapping):
        return "for a key set pass Jwks.parse(...), for one key Jwk.parse(...)"
    if isinstance(keys, Sequence | Set) and not isinstance(keys, bytearray | memoryview):
        return "for several keys, pass Jwks([...])"
    return f"got {type(keys).__name__}"
