"""Descent: from which token another was made, and by whom (RFC 8693). A child is never stronger than its parent, and ends with it."""

from dataclasses import dataclass
from typing import Any

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
# Each generation is one more grant to look at when the server judges a token.
MOST_GENERATIONS = 4


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A token from which others were made, and its grant. Whichever of the two ends, they end."""

    grant_id: str
    token_id: str


@dataclass(frozen=True, slots=True)
class Descent:
    """Where a token comes from.

    Attributes:
        ancestors: The first parent first; empty for a token that was not made from another.
        actors: Clients that act for the subject by way of an exchange, the one that acts now first.
        client_id: The client whose own token (no person behind it) the first parent was: the subject of them all.
    """

    ancestors: tuple[Ancestor, ...] = ()
    actors: tuple[str, ...] = ()
    client_id: str | None = None

    def child(self, ancestor: Ancestor, *, by: str, of: str, client_id: str | None) -> "Descent":
        """The descent of a token made from this one.

        Args:
            ancestor: The token that is exchanged.
            by: The client that exchanges it.
            of: The client that held it until now. One that narrows its own token adds no actor.
            client_id: See above.
        """
        actors = self.actors if by == of else (by, *self.actors)
        return Descent((*self.ancestors, ancestor), actors, self.client_id or client_id)

    def act_claim(self) -> dict[str, Any] | None:
        """The `act` claim: the present actor, in it the one before (RFC 8693 section 4.1)."""
        claim: dict[str, Any] | None = None
        for actor in reversed(self.actors):
            claim = {"sub": actor} | ({"act": claim} if claim else {})
        return claim

    def claims(self) -> dict[str, Any]:
        """What the token says of it: `act`, and `parents` for whoever follows the revocation feed."""
        claims: dict[str, Any] = {}
        if self.ancestors:
            claims["parents"] = [{"grant": each.grant_id, "jti": each.token_id} for each in self.ancestors]
        if act := self.act_claim():
            claims["act"] = act
        return claims

    def as_dict(self) -> dict[str, Any]:
        """As JSON values; empty for a token that was not made from another."""
        if not self.ancestors:
            return {}
        return {
            "ancestors": [[each.grant_id, each.token_id] for each in self.ancestors],
            "actors": list(self.actors),
            "client_id": self.client_id,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Descent":
        """Read what `as_dict` wrote."""
        return cls(
            tuple(Ancestor(grant_id, token_id) for grant_id, token_id in values.get("ancestors", ())),
            tuple(values.get("actors", ())),
            values.get("client_id"),
        )


NOT_A_CHILD = Descent()
