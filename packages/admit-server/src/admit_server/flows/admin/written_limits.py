"""Limits as programs write them: in the API and in the file of a realm."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ...domain.token_policy import DAY_S, TokenPolicy

_YEARS = 3650 * DAY_S
Day = Annotated[int, Meta(ge=10, le=DAY_S)]
Family = Annotated[int, Meta(ge=60, le=_YEARS)]
Entry = Annotated[str, Meta(min_length=1, max_length=200)]
Groups = Annotated[
    list[Annotated[list[Entry], Meta(min_length=1, max_length=50)]],
    Meta(max_length=20, description="Every group has to allow; a group allows what any of its entries allows."),
]
Acr = Literal["urn:admit:acr:1fa", "urn:admit:acr:2fa", "urn:admit:acr:phr"]


class Limits(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Limits on tokens; what is not there is not limited. Those in seconds end in `_s`."""

    lifetime_s: Annotated[int, Meta(ge=30, le=DAY_S)] | None = None
    idle_timeout_s: Day | None = None
    max_uses: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    end_with_session: bool = False
    lease_s: Annotated[int, Meta(ge=15, le=DAY_S)] | None = None
    actions: Groups = msgspec.field(default_factory=list)
    networks: Groups = msgspec.field(default_factory=list)
    hours: Groups = msgspec.field(default_factory=list)
    binding: Annotated[list[Literal["dpop", "mtls"]], Meta(max_length=2)] = msgspec.field(default_factory=list)
    acr: Acr | None = None
    max_auth_age_s: Annotated[int, Meta(ge=0, le=_YEARS)] | None = None
    max_sessions: Annotated[int, Meta(ge=1, le=1000)] | None = None
    deny_new_session: bool = False
    format: Literal["opaque"] | None = None
    refresh_lifetime_s: Family | None = None
    refresh_idle_s: Family | None = None
    refresh_reuse_window_s: Annotated[int, Meta(ge=0, le=300)] | None = None

    def as_policy(self) -> TokenPolicy:
        """The limits as the flows take them."""
        return TokenPolicy.from_dict(msgspec.to_builtins(self))


def written(policy: TokenPolicy) -> Limits:
    """A policy as it is written."""
    return msgspec.convert(policy.as_dict(), Limits)
