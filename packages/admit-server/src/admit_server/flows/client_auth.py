"""Who is the client? Secret by header or form for confidential ones, the bare id for public ones (RFC 6749 section 2.3)."""

import hmac
from dataclasses import dataclass, field

from ..domain.client import Client
from ..domain.errors import InvalidClient
from ..tokens import opaque
from .runtime import Caller, Runtime


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What the request carried, by header or in the form."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved itself, or a public one that named itself."""

    client: Client
    proved: bool


async def authenticate_client(credentials: ClientCredentials, *, rt: Runtime, caller: Caller) -> AuthenticatedClient:
    """Find the client and check its secret.

    Raises:
        InvalidClient: Unknown, disabled, wrong secret, a secret missing, or one sent for a public client. The caller can't tell
            these apart.
    """
    trail = caller.trail
    client = await rt.store.read.clients.get(credentials.client_id)
    secret = credentials.secret
    if client is None:
        trail.failed("client", "one that was added here", f"unknown: {credentials.client_id[:64]}")
        raise InvalidClient("The client is not known.", detail=f"unknown client {credentials.client_id[:64]!r}")
    trail.client_id = client.id
    trail.passed("client", "one that was added here", client.id)
    if client.disabled_at is not None:
        trail.failed("client is enabled", True, False)
        raise InvalidClient("The client is disabled.", detail=f"disabled client {client.id!r}")
    trail.passed("client is enabled", True, True)
    if client.kind == "public":
        if secret is not None:
            trail.failed("client secret", "none: the client is public", "one was sent")
            raise InvalidClient("This client is public: send client_id without a secret.")
        return AuthenticatedClient(client, proved=False)
    if secret is None:
        trail.failed("client secret", "the secret of this client", "none was sent")
        raise InvalidClient("Client authentication failed: send the client secret.")
    presented = opaque.digest(secret)
    if not any(hmac.compare_digest(presented, digest) for digest in client.secret_digests(rt.clock())):
        trail.failed("client secret", "the secret of this client", "another text")
        raise InvalidClient("Client authentication failed.", detail="wrong client secret")
    trail.proved = True
    trail.passed("client secret", "the secret of this client", "the same")
    return AuthenticatedClient(client, proved=True)
