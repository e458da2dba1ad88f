"""Passkeys and security keys (WebAuthn Level 3): written with the public interface, as a stranger's would be.

`authenticator` is the two ceremonies, `responses` reads what a browser sent, `verification` judges it, `attestation` decides on models,
`record` is what is kept.
"""

from .authenticator import PasskeyAuthenticator

__all__ = ["PasskeyAuthenticator"]
