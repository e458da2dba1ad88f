"""What follows from a passkey that was shown: whose it is, what it proves, and what is kept of it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..api import CredentialUpdate, Factor, StoredCredential, Verified
from .asked import Asked
from .record import Record
from .responses import Response, Unfit

if TYPE_CHECKING:
    from .verification import Shown


def check_owner(asked: Asked, given: Response, record: Record) -> None:
    """Step 6: the user handle names the owner of the passkey, and that is who was asked.

    Raises:
        Unfit: It does not.
    """
    if asked.user is not None and asked.user != record.user:
        raise Unfit("the passkey is of another person than the one who was asked")
    if given.user_handle is None and asked.user is None:
        raise Unfit("no user handle, and nobody was named")
    if given.user_handle is not None and given.user_handle != record.user.encode():
        raise Unfit("the user handle is not that of the passkey's owner")


def verified(stored: StoredCredential, record: Record, shown: "Shown", *, alone: bool) -> Verified:
    """Steps 22 to 25. The update of `verified` is allowed beside another proof only, and counts from the next time on."""
    now_verified = record.verified or (shown.verified and not alone)
    after = replace(record, count=shown.count, backed_up=shown.backed_up, verified=now_verified)
    updates: tuple[CredentialUpdate, ...] = ()
    if after != record:
        # Of two answers with the same counter one is a copy.
        needed = after.count != record.count
        updates = (CredentialUpdate(id=stored.id, data=after.text(), version=stored.version, needed=needed),)
    return replace(proved(record, shown.verified), subject=record.user, used=stored.id, credential_updates=updates)


def proved(record: Record, user_verified: bool) -> Verified:
    """What a passkey shows, by its record as it was before."""
    counts = user_verified and record.verified
    factors: frozenset[Factor] = frozenset({"possession", "inherence"} if counts else {"possession"})
    # RFC 8176; `pop` is of the same registry: possession of a key, of which we can't say where it is kept.
    amr = ("hwk" if record.attested and not record.eligible else "pop", "user", *(("mfa",) if counts else ()))
    return Verified(amr=amr, factors=factors)


def label_of(given: Response, record: Record) -> str:
    """What a new passkey is called, until its owner names it."""
    if given.platform:
        return "Passkey on this device" if not record.eligible else "Passkey"
    if "hybrid" in record.transports:
        return "Phone"
    if {"usb", "ble", "smart-card"} & set(record.transports):
        return "Security key"
    return "Ring, card or key (NFC)" if "nfc" in record.transports else "Passkey"
