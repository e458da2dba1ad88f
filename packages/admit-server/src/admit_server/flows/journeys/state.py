"""A journey in progress: carried by the browser or app, sealed and bound to it (decision 4). Nothing is stored for a stranger."""

import base64
from dataclasses import dataclass, field, replace
from typing import Any

from ...authenticators.api import Challenge
from ...domain.errors import InvalidRequest
from ...domain.journey import Proof
from ..runtime import Runtime
from ..sealed_request import seal, unseal
from .keeping import Seen

LASTS_S = 900
_JOURNEY, _CHALLENGE = "journey", "challenge"
BEGIN_ANEW = "This sign-in was begun too long ago, in another browser, or before you signed out here. Begin it again."


@dataclass(frozen=True, slots=True)
class Given:
    """A proof of this journey.

    Attributes:
        proof: What was proven.
        since: When it came into this journey (seconds, UTC).
        seen: The credentials that it stood on; None for what an earlier session had proved.
        session: That session.
    """

    proof: Proof
    since: int
    seen: Seen | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A challenge that was given out. `name`: for whom something was sent, as it was typed; `to`: see `keeping.sent_to`."""

    authenticator: str
    challenge: Challenge
    id: str
    name: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """How far somebody has come.

    Attributes:
        name: What was typed as user name; '' before that.
        user_id: Who it is: proved, or claimed by the name. None: nobody yet, or nobody of that name.
        given: The proofs so far.
        choice: The authenticator that the person chose for the next step.
        pending: What was sent for it.
    """

    name: str = ""
    user_id: str | None = None
    given: tuple[Given, ...] = ()
    choice: str = ""
    pending: Pending | None = field(default=None, repr=False)

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """The proofs so far."""
        return tuple(each.proof for each in self.given)

    @property
    def proved_user(self) -> str | None:
        """The person, once something was proven."""
        return self.user_id if self.given else None

    def enrols(self, *, now: int, fresh_s: int) -> bool:
        """Whether its proofs are young enough to add to the account: an old session alone adds nothing."""
        return all(each.seen is not None or now - each.proof.at <= fresh_s for each in self.given)

    def of_its_own(self) -> "Journey":
        """Without what an earlier session had proved."""
        given = tuple(each for each in self.given if each.seen is not None)
        return replace(self, user_id=self.user_id if given else None, given=given, choice="", pending=None)

    def after(self, proof: Proof, seen: Seen, *, user_id: str) -> "Journey":
        """With one proof more."""
        kept = tuple(each for each in self.given if each.proof.authenticator != proof.authenticator)
        return replace(self, user_id=user_id, given=(*kept, Given(proof, proof.at, seen)), choice="", pending=None)


def seal_journey(journey: Journey, *, browser: str, rt: Runtime, now: int) -> str:
    """Seal for one browser (or client)."""
    value: dict[str, Any] = {
        "name": journey.name,
        "user": journey.user_id,
        "given": [_given(each) for each in journey.given],
        "choice": journey.choice,
    }
    if journey.pending is not None:
        value["pending"] = _pending(journey.pending)
    return seal(value, purpose=_JOURNEY, browser=browser, rt=rt, now=now, lasts_s=LASTS_S)


def unseal_journey(text: str, *, browser: str, rt: Runtime, now: int) -> Journey:
    """Open what `seal_journey` made.

    Raises:
        InvalidRequest: Changed, of another browser or from before its sign-out, or too old.
    """
    try:
        value = unseal(text, purpose=_JOURNEY, browser=browser, rt=rt, now=now)
    except InvalidRequest as refusal:
        raise InvalidRequest(BEGIN_ANEW, detail=refusal.detail, advice=BEGIN_ANEW) from None
    pending = value.get("pending")
    journey = Journey(
        name=value["name"],
        user_id=value["user"],
        given=tuple(_read_given(each) for each in value["given"]),
        choice=value["choice"],
        pending=_read_pending(pending) if pending is not None else None,
    )
    # Each page seals it anew, so its own end would never come.
    oldest = min((each.since for each in journey.given), default=now)
    if now - oldest >= LASTS_S:
        raise InvalidRequest(BEGIN_ANEW, detail=f"the first proof is {now - oldest} s old", advice=BEGIN_ANEW)
    return journey


def seal_challenge(pending: Pending, *, user_id: str | None, browser: str, rt: Runtime, now: int) -> str:
    """The state of a challenge, for the form that answers it."""
    state = base64.b64encode(pending.challenge.state).decode()
    value = {"by": pending.authenticator, "state": state, "id": pending.id, "user": user_id, "name": pending.name}
    value["to"] = pending.to
    return seal(value, purpose=_CHALLENGE, browser=browser, rt=rt, now=now, lasts_s=LASTS_S)


@dataclass(frozen=True, slots=True)
class Asked:
    """A challenge that comes back with its answer. `id` is good for one success; '' for a challenge without a state. `name`: for whom it
    was sent, before anybody had proved who they are; `to`: see `keeping.sent_to`.
    """

    authenticator: str
    state: bytes = field(default=b"", repr=False)
    id: str = ""
    user_id: str | None = None
    name: str = ""
    to: str = ""


def unseal_challenge(text: str, *, browser: str, rt: Runtime, now: int) -> Asked:
    """Open what `seal_challenge` made.

    Raises:
        InvalidRequest: Changed, of another browser, or too old.
    """
    value = unseal(text, purpose=_CHALLENGE, browser=browser, rt=rt, now=now)
    return Asked(value["by"], base64.b64decode(value["state"]), value["id"], value["user"], value["name"], value["to"])


def _given(given: Given) -> list[Any]:
    proof = given.proof
    factors = sorted(proof.factors)
    shown = [proof.authenticator, proof.at, list(proof.amr), factors, proof.phishing_resistant]
    return [*shown, given.since, given.seen, given.session]


def _read_given(value: list[Any]) -> Given:
    name, at, amr, factors, resistant, since, seen, session = value
    proof = Proof(name, at, tuple(amr), frozenset(factors), resistant)
    return Given(proof, since, None if seen is None else tuple((id_, version) for id_, version in seen), session)


def _pending(pending: Pending) -> dict[str, Any]:
    challenge = pending.challenge
    return {
        "by": pending.authenticator,
        "id": pending.id,
        "name": pending.name,
        "to": pending.to,
        "kind": challenge.kind,
        "fields": list(challenge.fields),
        "public": dict(challenge.public),
        "state": base64.b64encode(challenge.state).decode(),
    }


def _read_pending(value: dict[str, Any]) -> Pending:
    challenge = Challenge(
        kind=value["kind"],
        fields=tuple(value["fields"]),
        public=value["public"],
        state=base64.b64decode(value["state"]),
    )
    return Pending(value["by"], challenge, value["id"], value["name"], value["to"])
