"""The settings, one section a class. `docs/reference/settings.md` is made from this file."""

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from ..domain.account import AccountRules
from ..domain.email_address import check_email
from ..domain.stuffing import StuffingRule


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSection(_Section):
    """Where the server listens, and what it is called."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8100, ge=0, le=65535, description="Port to listen on.")
    issuer: str = Field(
        default="", description="The public address, the `iss` of every token. Empty: http://HOST:PORT on loopback."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Networks whose `X-Forwarded-For` is believed, and that may ask `/check`.",
    )
    insecure_http: bool = Field(
        default=False, description="Allow a plain http issuer that is not on loopback. Tokens can be read on the way."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value


class StorageSection(_Section):
    """Where data is kept."""

    data: Path = Field(
        default=Path("var"), description="Directory of the key file and, by default, of the SQLite database."
    )
    database: str = Field(
        default="", description="`sqlite:///PATH` or `postgresql://...`. Empty: admit.db in the data directory."
    )
    key_file: Path | None = Field(
        default=None, description="The key outside the database. Empty: admit.key in the data directory."
    )
    connections: int = Field(default=10, ge=1, le=200, description="PostgreSQL only: connections of the pool.")


class TokensSection(_Section):
    """The server's default policy; resources and clients can only be stricter. Seconds."""

    lifetime_s: int = Field(
        default=600, ge=30, le=86_400, description="An access token ends by itself after this long."
    )
    end_with_session: bool = Field(default=True, description="Tokens die at the moment of logout.")
    max_sessions: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Sessions of one person at most; a new sign-in ends the oldest. Empty: no limit.",
    )
    deny_new_session: bool = Field(
        default=False, description="With `max_sessions`: refuse the new sign-in instead of ending the oldest session."
    )
    refresh_lifetime_s: int = Field(
        default=90 * 86_400, ge=60, le=3650 * 86_400, description="The absolute end of a family of refresh tokens."
    )
    refresh_idle_s: int = Field(
        default=14 * 86_400, ge=60, le=3650 * 86_400, description="An unused refresh token ends after this long."
    )
    refresh_reuse_window_s: int = Field(
        default=30, ge=0, le=300, description="How long a spent refresh token gets the same successor."
    )


class BindingSection(_Section):
    """Tokens that are bound to a key or a client certificate."""

    dpop_nonce: bool = Field(
        default=False, description="DPoP proofs have to carry a nonce of this server (RFC 9449 section 8)."
    )
    certificate_header: str = Field(
        default="",
        pattern="^[A-Za-z0-9-]{0,64}$",
        description="The header in which a trusted proxy puts the client's certificate, as nginx writes `$ssl_client_escaped_cert`. "
        "Believed from `trusted_proxies` only. Empty: certificates are not known.",
    )


class SignInSection(_Section):
    """How people sign in."""

    session_lifetime_s: int = Field(
        default=43_200, ge=60, le=31_536_000, description="A browser stays signed in at most this long."
    )
    session_idle_s: int = Field(
        default=3_600,
        ge=0,
        le=31_536_000,
        description="A browser that is not used here for so long, 60 at least, has to sign in again; apps go on. 0: no such limit.",
    )
    authenticators: tuple[str, ...] = Field(
        default=("password", "passkey", "totp", "recovery_codes"),
        description="Which authenticators are loaded, in the order in which people are asked.",
    )
    context_words: tuple[str, ...] = Field(
        default=(),
        description="Words that nobody's password may be little more than: names of your organisation, products and places. "
        "`admit`, the words of the issuer's host, and the person's own names are among them anyway.",
    )
    requires: str = Field(
        default="",
        max_length=500,
        description="What every sign-in has to prove, such as `password and (passkey or totp)`; `admit journey set` adds to it. "
        "Empty: `password or passkey`, of those that are loaded.",
    )
    enrol_at_sign_in: bool = Field(
        default=True,
        description="Who lacks what is required sets it up at sign-in, after proving all they have. Off: the administrator helps.",
    )
    stuffing_accounts: int = Field(
        default=30,
        ge=0,
        le=100_000,
        description="So many different accounts failing in five minutes, from half as many networks and twice as many as sign in, are "
        "an attack with leaked passwords: unknown browsers have fewer tries while it goes on. 0: it is not looked for.",
    )
    hash_threads: int = Field(default=0, ge=0, le=64, description="Threads that hash passwords. 0: as many as cores.")
    hash_queue: int = Field(
        default=64, ge=1, le=10_000, description="Sign-ins waiting for a hash at most; beyond it 503."
    )

    @field_validator("session_idle_s")
    @classmethod
    def _idle(cls, value: int) -> int:
        if 0 < value < 60:
            raise ValueError("must be 0, or 60 at least: nobody fills in a form in less")
        return value

    @property
    def stuffing(self) -> StuffingRule:
        """When tries look like an attack with leaked passwords."""
        return StuffingRule(accounts=self.stuffing_accounts, networks=max(2, self.stuffing_accounts // 2))


class OutgoingSection(_Section):
    """Calls from the server to other processes, such as that of the webhook authenticator."""

    allow_networks: tuple[str, ...] = Field(
        default=(),
        description="Private networks that the server may call, such as `10.1.2.0/24`. Otherwise only public addresses are called; "
        "plain http only on loopback (`127.0.0.1/32`).",
    )

    @field_validator("allow_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value


class AccountSection(_Section):
    """What people may do with their own accounts, on the pages below `/account`."""

    fresh_s: int = Field(
        default=600,
        ge=30,
        le=86_400,
        description="Acts that change how somebody signs in, end sessions or take data away need a sign-in that is at most this old.",
    )
    may_delete: bool = Field(default=True, description="People may delete their own accounts.")

    @property
    def rules(self) -> AccountRules:
        """As the flows want them."""
        return AccountRules(**self.model_dump())


class AuthenticatorSection(BaseModel):
    """Options of authenticators, a table for each: `[authenticator.webhook]`, with the name as `sign_in.authenticators` lists it. What
    there is for which one stands in the [reference of authenticators](authenticators.md).
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, dict[str, Any]] = Field(init=False)

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        """By the name of the authenticator."""
        return dict(self.__pydantic_extra__)


class PasskeySection(_Section):
    """Passkeys and security keys (WebAuthn)."""

    rp_id: str = Field(
        default="",
        pattern=r"^([a-z0-9_-]+(\.[a-z0-9_-]+)*)?$",
        description="The domain that passkeys are bound to: the host name of the issuer, or a domain above it. It can never be changed "
        "without losing all passkeys. Empty: the host name of the issuer.",
    )
    rp_name: str = Field(
        default="Admit", min_length=1, max_length=64, description="What devices show beside a passkey."
    )
    origins: tuple[str, ...] = Field(
        default=(), description="Origins of apps that sign in with these passkeys, such as `android:apk-key-hash:...`."
    )
    related_origins: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Other web origins that may use these passkeys; published at `/.well-known/webauthn`.",
    )
    user_verification: Literal["required", "preferred", "discouraged"] = Field(
        default="preferred",
        description="Whether a new passkey, and one that is shown as a second step, has to verify its owner by PIN or biometrics. Alone it "
        "always has to.",
    )
    attestation: Literal["none", "required"] = Field(
        default="none", description="Whether the maker's certificate has to vouch for a new passkey."
    )
    attestation_roots: tuple[Path, ...] = Field(
        default=(), description="PEM files with the root certificates of the makers."
    )
    allowed_models: tuple[str, ...] = Field(
        default=(), description="Models (AAGUID) that may be added; needs `attestation = required`. Empty: all."
    )

    @field_validator("related_origins")
    @classmethod
    def _web_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]+)?", origin):
                raise ValueError(f"{origin!r} has to be an origin such as https://example.net")
        return value


class PersonalTokensSection(_Section):
    """Tokens that people make for themselves."""

    lifetime_s: int = Field(
        default=31_536_000, ge=60, le=3650 * 86_400, description="A personal token lives at most this long."
    )


class MailSection(_Section):
    """The mail server that takes our mails. Without a host no mail is sent, and what needs one is off."""

    host: str = Field(default="", description="Name of the mail server. Empty: this server sends no mail.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port: usually 587 with `starttls`, 465 with `tls`.")
    security: Literal["starttls", "tls", "insecure_plain"] = Field(
        default="starttls",
        description="How the way there is protected. `insecure_plain`: not at all, for a mail server on the same machine.",
    )
    sender: str = Field(default="", description="The address that mails come from.")
    username: str = Field(default="", description="The name to sign in with there. Empty: without signing in.")
    password: str = Field(default="", repr=False, description="Its password; best in a secret file.")
    ca_file: str = Field(default="", description="Certificates to trust beside the system's (PEM).")
    timeout_s: int = Field(default=20, ge=1, le=30, description="A try ends after this long.")

    @model_validator(mode="after")
    def _complete(self) -> "MailSection":
        if self.host and not self.sender:
            raise ValueError("mail.sender is missing: say which address mails come from")
        if self.sender:
            check_email(self.sender)
        if self.password and not self.username:
            raise ValueError("mail.password is set, and mail.username is not")
        if self.username and self.security == "insecure_plain" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("a password is not sent over insecure_plain; set mail.security to starttls or tls")
        return self


class LinksSection(_Section):
    """How long links that work once live, in seconds."""

    reset_s: int = Field(default=1800, ge=60, le=86_400, description="A link to set a new password.")
    invitation_s: int = Field(default=7 * 86_400, ge=60, le=30 * 86_400, description="An invitation.")
    address_s: int = Field(default=86_400, ge=60, le=7 * 86_400, description="A link that verifies an e-mail address.")
    sign_up_s: int = Field(default=3600, ge=60, le=7 * 86_400, description="A link that ends a registration.")
    recovery_s: int = Field(default=86_400, ge=60, le=7 * 86_400, description="A link of `admit user recover`.")
    recovery_wait_s: int = Field(
        default=3600,
        ge=0,
        le=30 * 86_400,
        description="Such a link works only after this long, while every address of the account is told of it.",
    )


class RegistrationSection(_Section):
    """Whether people may make accounts for themselves."""

    open: bool = Field(default=False, description="`/sign-up` is there for everybody. Needs mail.")


class FeedSection(_Section):
    """The revocation feed."""

    streams_per_network: int = Field(
        default=1024, ge=1, description="Open streams from one address at most; beyond it 429, then polling."
    )


class AuditSection(_Section):
    """The audit log."""

    checkpoint_s: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="A signed checkpoint is written outside the database this often, when there is something new.",
    )
    keep_days: int = Field(default=0, ge=0, description="Events are dropped after so many days. 0: they are kept.")


class DecisionsSection(_Section):
    """What is recorded of decisions about tokens, for `admit policy simulate`."""

    keep_days: int = Field(
        default=14, ge=0, le=365, description="Recorded decisions are dropped after so many days. 0: none are recorded."
    )
    per_second: int = Field(
        default=200,
        ge=1,
        le=10_000,
        description="Decisions that a server process records in a second at most; the rest is only counted.",
    )


class LogSection(_Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level that is written."
    )
    format: Literal["text", "json"] = Field(default="text", description="Lines for people, or JSON lines.")
