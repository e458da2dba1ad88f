"""How limits are written on the command line, and how they are shown."""

from typing import Annotated, Any, TypedDict, cast

import typer

from admit.limits import groups_of

from ..domain.errors import NotAllowed
from ..domain.token_policy import ACR_ORDER, Binding, TokenPolicy
from . import output, reading

Span = str | None
Texts = list[str] | None

Lifetime = Annotated[Span, typer.Option("--lifetime", metavar="SPAN", help="Of an access token: 30s to 1d.")]
IdleTimeout = Annotated[
    Span, typer.Option("--idle-timeout", metavar="SPAN", help="It ends when not used this long: 10s to 1d.")
]
MaxUses = Annotated[int | None, typer.Option("--max-uses", metavar="N", help="It can be used so often: 1 to 1000000.")]
Action = Annotated[
    Texts, typer.Option("--action", metavar="ACTION", help='"GET /orders/*" or a name; may be repeated.')
]
Network = Annotated[
    Texts, typer.Option("--network", metavar="CIDR", help="Where it may be used from; may be repeated.")
]
Hours = Annotated[
    Texts, typer.Option("--hours", metavar="WINDOW", help='"mon-fri 08:00-18:00 Europe/Berlin"; may be repeated.')
]
EndWithSession = Annotated[bool, typer.Option("--end-with-session", help="Tokens die at the moment of logout.")]
Format = Annotated[str | None, typer.Option("--format", metavar="opaque", help="Forces opaque tokens.")]
RefreshLifetime = Annotated[
    Span, typer.Option("--refresh-lifetime", metavar="SPAN", help="Of a family of refresh tokens, from its start.")
]
RefreshIdle = Annotated[
    Span, typer.Option("--refresh-idle", metavar="SPAN", help="An unused refresh token ends after this long.")
]
RefreshReuseWindow = Annotated[
    Span,
    typer.Option(
        "--refresh-reuse-window", metavar="SPAN", help="How long a spent one gets the same successor; 0 to 5m."
    ),
]
Lease = Annotated[
    Span, typer.Option("--lease", metavar="SPAN", help="Tokens end when the app stops renewing this long: 15s to 1d.")
]
BindingKinds = Annotated[
    Texts,
    typer.Option(
        "--binding", metavar="KIND", help="The holder proves a key with each request: dpop, mtls; may be repeated."
    ),
]
Acr = Annotated[
    str | None, typer.Option("--acr", metavar="CLASS", help="The weakest sign-in that will do: 1fa, 2fa, phr.")
]
MaxAuthAge = Annotated[
    Span, typer.Option("--max-auth-age", metavar="SPAN", help="How old the sign-in may be: 30s to 3650d.")
]
MaxSessions = Annotated[
    int | None, typer.Option("--max-sessions", metavar="N", help="A new sign-in ends the oldest beyond: 1 to 1000.")
]
DenyNewSession = Annotated[bool, typer.Option("--deny-new-session", help="With --max-sessions: refuse the new one.")]


class Given(TypedDict, total=False):
    """What was given on the command line, by the names of `TokenPolicy`'s fields."""

    lifetime: Span
    idle_timeout: Span
    max_uses: int | None
    action: Texts
    network: Texts
    hours: Texts


class Options(Given):
    """All options of a policy."""

    end_with_session: bool
    format: str | None
    refresh_lifetime: Span
    refresh_idle: Span
    refresh_reuse_window: Span
    lease: Span
    binding: Texts
    acr: str | None
    max_auth_age: Span
    max_sessions: int | None
    deny_new_session: bool


def policy_of_options(given: Options) -> TokenPolicy:
    """The policy of all options; what is not given is unlimited.

    Raises:
        typer.BadParameter: A format that can't be forced.
        NotAllowed: A number out of its bounds, or an unknown word.
    """
    if given["format"] not in (None, "opaque"):
        raise typer.BadParameter("a policy can only force opaque; jwt is what a resource has", param_hint="--format")
    acr = given["acr"]
    return policy_of(
        given,
        end_with_session=given["end_with_session"],
        format=given["format"],
        refresh_lifetime_s=reading.seconds(given["refresh_lifetime"]),
        refresh_idle_s=reading.seconds(given["refresh_idle"]),
        refresh_reuse_window_s=reading.seconds(given["refresh_reuse_window"]),
        lease_s=reading.seconds(given["lease"]),
        binding=bindings(given["binding"]),
        acr=f"urn:admit:acr:{acr}" if f"urn:admit:acr:{acr}" in ACR_ORDER else acr,
        max_auth_age_s=reading.seconds(given["max_auth_age"]),
        max_sessions=given["max_sessions"],
        deny_new_session=given["deny_new_session"],
    )


def policy_of(given: Given, **more: Any) -> TokenPolicy:
    """The policy of these options; `more` are fields of `TokenPolicy` as they are.

    Raises:
        NotAllowed: A number out of its bounds, or an unknown word.
    """
    try:
        return TokenPolicy(
            lifetime_s=reading.seconds(given.get("lifetime")),
            idle_timeout_s=reading.seconds(given.get("idle_timeout")),
            max_uses=given.get("max_uses"),
            actions=groups_of(_entries(given.get("action"))),
            networks=groups_of(reading.words(given.get("network"))),
            hours=groups_of(_entries(given.get("hours"))),
            **more,
        )
    except ValueError as error:
        raise NotAllowed(f"These limits can't be set: {error}{_unit(str(error))}.") from None


def bindings(values: Texts) -> frozenset[Binding]:
    """The kinds of keys that the holder has to prove."""
    return cast("frozenset[Binding]", frozenset(reading.words(values)))


def as_lines(policy: TokenPolicy) -> list[tuple[str, str]]:
    """The limits that are set, one a line, in people's words."""
    return [(_WORDS[name], shown(name, value)) for name, value in policy.as_dict().items()]


def in_one_line(policy: TokenPolicy) -> str:
    """All of them for a column of a table."""
    return ", ".join(
        _WORDS[name] if value is True else f"{_WORDS[name]} {shown(name, value)}"
        for name, value in policy.as_dict().items()
    )


def shown(name: str, value: Any) -> str:
    """One value (as in `TokenPolicy.as_dict`) in people's words."""
    if value is True:
        return "yes"
    if isinstance(value, list):
        groups = [" or ".join(group) if isinstance(group, list) else group for group in value]
        return " and ".join(f"({group})" if len(groups) > 1 and " or " in group else group for group in groups)
    return output.exactly(value) if name.endswith("_s") else str(value)


def word(name: str) -> str:
    """A field of `TokenPolicy` in people's words."""
    return _WORDS[name]


def _entries(values: Texts) -> tuple[str, ...]:
    return tuple(" ".join(value.split()) for value in values or ())


def _unit(message: str) -> str:
    return " seconds" if "_s must be" in message else ""


_WORDS = {
    "lifetime_s": "lifetime",
    "idle_timeout_s": "idle timeout",
    "max_uses": "uses",
    "end_with_session": "ends with session",
    "lease_s": "lease",
    "actions": "actions",
    "networks": "networks",
    "hours": "hours",
    "binding": "bound to",
    "acr": "sign-in at least",
    "max_auth_age_s": "sign-in at most old",
    "max_sessions": "sessions",
    "deny_new_session": "denies new sessions",
    "format": "format",
    "refresh_lifetime_s": "refresh lifetime",
    "refresh_idle_s": "refresh idle",
    "refresh_reuse_window_s": "refresh reuse window",
}
