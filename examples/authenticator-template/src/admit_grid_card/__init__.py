"""A card with numbered cells: the page asks for one, the person reads it from the card. Each cell is good once.

NIST SP 800-63B-4 section 3.1.2 calls this a look-up secret, "something you have". A template: copy it, and change what it does.
"""

import hmac
import json
from collections.abc import Mapping, Sequence

from admit_server.authenticators.api import (
    Base,
    Challenge,
    Context,
    CredentialUpdate,
    Enrolled,
    NotMine,
    Rejected,
    StoredCredential,
    Subject,
    Verified,
)

ROWS, COLUMNS = "ABCDE", "12345678"
CELLS = tuple(row + column for row in ROWS for column in COLUMNS)
DIGITS = 6


class GridCard(Base):
    """A printed card.

    Args:
        warn_below: So many cells before the last one the page tells the person to print a new card.
    """

    # The version of the interface that this was written for: an older server refuses to load it, and says why.
    api_version = 1
    name = "grid_card"
    factors = frozenset({"possession"})
    # Six digits can't be hashed so that nobody could try them all; the server seals the text instead.
    keeps_secrets = True
    # One card at a time. A second one may be begun, since it replaces the first.
    most = 2

    def __init__(self, *, warn_below: int = 8) -> None:
        self.warn_below = warn_below

    def usable(self, subject: Subject, credentials: Sequence[StoredCredential]) -> bool:
        """Has a card with a cell that was not used."""
        return bool(_card(credentials))

    async def begin(self, ctx: Context, subject: Subject | None, credentials: Sequence[StoredCredential]) -> Challenge:
        """Choose a cell. For somebody who has no card, or does not exist, any cell will do: the page must not tell."""
        unused = sorted(_card(credentials)) or CELLS
        cell = unused[int.from_bytes(ctx.entropy(4)) % len(unused)]
        message = f"The number in cell {cell} of your card"
        # What is asked goes into the state, which comes back sealed: the browser can't choose another cell.
        return Challenge(kind="grid_card", fields=("grid_card",), public={"message": message}, state=cell.encode())

    async def finish(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Verified | Rejected | NotMine:
        """Compare the number, and use the cell up."""
        given = response.get("grid_card")
        if given is None:
            return NotMine()
        card, cell = _card(credentials), state.decode("ascii", "replace")
        right = card.pop(cell, "")
        # Compared also where there is nothing to compare with, so that the time does not tell who has a card.
        same = hmac.compare_digest(given.replace(" ", "").encode("utf-8", "replace"), (right or "-" * DIGITS).encode())
        if not right or not same:
            return Rejected("wrong number" if right else "no card, or a cell that was used")
        stored = credentials[0]
        # `needed`: of two tries with the same number, the one that writes this first wins, and the other is refused.
        update = CredentialUpdate(id=stored.id, data=json.dumps(card), version=stored.version, needed=True)
        return Verified(amr=("otp",), used=stored.id, credential_updates=(update,))

    async def begin_enrolment(
        self, ctx: Context, subject: Subject, credentials: Sequence[StoredCredential]
    ) -> Challenge:
        """Show a new card. It becomes valid when the person has typed its first cell, so it was copied."""
        card = {cell: f"{int.from_bytes(ctx.entropy(8)) % 10**DIGITS:0{DIGITS}}" for cell in CELLS}
        shown = {"message": f"Print this card, then type the number in cell {CELLS[0]}", "facts": card}
        return Challenge(kind="grid_card", fields=("grid_card",), public=shown, state=json.dumps(card).encode())

    async def finish_enrolment(
        self, ctx: Context, state: bytes, response: Mapping[str, str], credentials: Sequence[StoredCredential]
    ) -> Enrolled | Rejected | NotMine:
        """The first cell confirms the card, and is used up by it."""
        given = response.get("grid_card")
        if given is None:
            return NotMine()
        card = json.loads(state)
        if given.replace(" ", "") != card.pop(CELLS[0]):
            return Rejected("wrong number")
        # `proved`: in the middle of a sign-in, setting the card up counts as having shown it.
        proved = Verified(amr=("otp",))
        return Enrolled(data=json.dumps(card), label="Printed card", replaces=True, proved=proved)

    def describe(self, credential: StoredCredential) -> Mapping[str, object]:
        """How many cells are left."""
        left = len(json.loads(credential.data))
        return {"left": left, "of": len(CELLS), "soon": left < self.warn_below}


def _card(credentials: Sequence[StoredCredential]) -> dict[str, str]:
    card: dict[str, str] = json.loads(credentials[0].data) if credentials else {}
    return card
