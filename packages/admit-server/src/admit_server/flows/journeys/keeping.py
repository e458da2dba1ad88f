"""What authenticators keep of a person, handed to them opened, and stored sealed where it has to be."""

import base64
import json

from ...authenticators.api import Authenticator, StoredCredential, Subject
from ...domain.user import User
from ...ports.transaction import Tx
from ...ports.users import Credential
from ..people import reach
from ..runtime import Runtime

Seen = tuple[tuple[str, int], ...]


async def subject_of(tx: Tx, user: User | None) -> Subject | None:
    """The person, as authenticators know them; the same reads for nobody."""
    there = await reach(user, tx=tx)
    return Subject(id=user.id, username=user.username, addresses=there.proven) if user is not None else None


async def stored_of(
    tx: Tx, user: User | None, authenticator: Authenticator, *, rt: Runtime
) -> tuple[StoredCredential, ...]:
    """What one authenticator keeps of one person; nothing for nobody."""
    # A read for nobody as well: both take the same time.
    kept = await tx.credentials.of_user(user.id if user else "", authenticator.name)
    return tuple(opened(each, authenticator, rt=rt) for each in kept)


def opened(credential: Credential, authenticator: Authenticator, *, rt: Runtime) -> StoredCredential:
    """A credential with its text readable.

    Raises:
        tokens.envelope.NotSealedHere: The key file is not the one of this database.
    """
    data = credential.data
    if authenticator.keeps_secrets:
        data = rt.vault.open(base64.b64decode(data), place=_place(credential.id)).decode()
    return StoredCredential(id=credential.id, data=data, version=credential.version, label=credential.label)


def closed(data: str, credential_id: str, authenticator: Authenticator, *, rt: Runtime) -> str:
    """The text of a credential as it is stored."""
    if not authenticator.keeps_secrets:
        return data
    sealed = rt.vault.seal(data.encode(), place=_place(credential_id), nonce=rt.entropy(12))
    return base64.b64encode(sealed).decode()


def seen(credentials: tuple[StoredCredential, ...]) -> Seen:
    """Which credentials there were, in which version."""
    return tuple((each.id, each.version) for each in credentials)


async def seen_now(tx: Tx, user_id: str, authenticator: str) -> Seen:
    """The same, as things are now."""
    return tuple((each.id, each.version) for each in await tx.credentials.of_user(user_id, authenticator))


def sent_to(subject: Subject | None, *, rt: Runtime) -> str:
    """To whom something is sent, and where they can be reached: what comes back is good while both are the same.

    As long for nobody as for anybody, and read by nobody: it is compared with what it would be at the time of the answer.
    """
    where = [subject.id, *subject.addresses] if subject is not None else []
    return rt.vault.mac("sent to", json.dumps(where).encode()).hex()[:32]


def _place(credential_id: str) -> str:
    return f"credential/{credential_id}/data"
