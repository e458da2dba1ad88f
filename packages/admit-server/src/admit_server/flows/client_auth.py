"""Who is the client? Secret by header or form for confidential ones, the bare id for public ones (RFC 6749 section 2.3)."""

import hmac
from dataclasses import dataclass, field

from ..domain.client import Client
from ..domain.errors import InvalidClient
from ..tokens import opaque
from .runtime import Runtime


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """What the request carried. `by_header` decides whether a refusal carries a Basic challenge."""

    client_id: str
    secret: str | None = field(default=None, repr=False)
    by_header: bool = False


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved itself, or a public one that named itself."""

    client: Client
    proved: bool


async def authenticate_client(credentials: ClientCredentials, *, rt: Runtime) -> AuthenticatedClient:
    """Find the client and check its secret.

    Raises:
        InvalidClient: Unknown, disabled, wrong secret, a secret missing, or one sent for a public client. The text is the same
            for all but the last two, which the developer has to know and a stranger learns nothing from.
    """
    client = await rt.store.read.clients.get(credentials.client_id)
    secret = credentials.secret
    if client is None or client.disabled_at is not None:
        raise InvalidClient(
            "Client authentication failed.", detail=f"unknown or disabled client {credentials.client_id[:64]!r}"
        )
    if client.kind == "public":
        if secret is not None:
            raise InvalidClient("This client is public: send client_id without a secret.")
        return AuthenticatedClient(client, proved=False)
    if secret is None:
        raise InvalidClient("Client authentication failed: send the client secret.")
    if client.secret_digest is None or not hmac.compare_digest(opaque.digest(secret), client.secret_digest):
        raise InvalidClient("Client authentication failed.", detail="wrong client secret")
    return AuthenticatedClient(client, proved=True)
