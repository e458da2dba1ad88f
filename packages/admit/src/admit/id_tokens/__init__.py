"""ID tokens: who signed in, told to the application that asked (OpenID Connect Core sections 2 and 3.1.3.7).

    verifier = IdTokenVerifier(issuer="https://id.example.com", client_id="orders-web")
    who = verifier.verify(id_token, nonce=nonce, access_token=access_token)

An ID token is no access token: no API may take it, and this verifier takes nothing else.
"""

from admit.id_tokens.identity import Identity
from admit.id_tokens.rules import half_hash
from admit.id_tokens.verifier import IdTokenVerifier

__all__ = ["IdTokenVerifier", "Identity", "half_hash"]
