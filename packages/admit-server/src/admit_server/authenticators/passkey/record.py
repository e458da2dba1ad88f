"""What is kept of a passkey: the credential record of WebAuthn L3 section 4, as a JSON text."""

import json
from dataclasses import asdict, dataclass, field

from ..api import StoredCredential


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One passkey.

    Attributes:
        user: The id of its owner, which is the user handle.
        id: Credential id, base64url.
        key: Public key, COSE, base64url.
        rp: The RP id it is bound to.
        count: Signature counter as last seen.
        verified: `uvInitialized`: user verification was seen when it was added, or beside another factor later.
        eligible: It may be copied to other devices; never changes.
        backed_up: It is copied, as last seen.
        transports: How a browser reaches it.
        aaguid: The model as the authenticator tells it; proven only where `attested`.
        attested: A certificate of the maker vouched for the model.
        discoverable: It can be found without a list of ids; None where the browser did not say.
        created: Seconds, UTC.
    """

    user: str
    id: str
    key: str = field(repr=False)
    rp: str
    count: int
    verified: bool
    eligible: bool
    backed_up: bool
    transports: tuple[str, ...] = ()
    aaguid: str = ""
    attested: bool = False
    discoverable: bool | None = None
    created: int = 0

    def text(self) -> str:
        """As stored."""
        return json.dumps({"v": 1} | asdict(self), separators=(",", ":"))


def read(stored: StoredCredential) -> Record:
    """The record of a stored credential.

    Raises:
        ValueError: It is not of our making.
    """
    found = json.loads(stored.data)
    if found.pop("v", None) != 1:
        raise ValueError(f"the passkey {stored.id} is stored in a form of another version")
    return Record(**found | {"transports": tuple(found["transports"])})
