"""How the process runs. Flag > environment (`ADMIT_SECTION__KEY`) > secret file > `admit.toml` > default.

Clients, resources, users and policies are data in the database, not settings.
"""

import difflib
import os
import re
import tomllib
from contextvars import ContextVar
from pathlib import Path
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from ..domain.password_rules import PasswordRules, words_of
from ..machine.common_passwords import common_passwords
from .sections import (
    AccountSection,
    AuditSection,
    AuthenticatorSection,
    BindingSection,
    DecisionsSection,
    FeedSection,
    LinksSection,
    LogSection,
    MailSection,
    OutgoingSection,
    PasskeySection,
    PersonalTokensSection,
    RegistrationSection,
    ServerSection,
    SignInSection,
    StorageSection,
    TokensSection,
)

PREFIX = "ADMIT_"
CONFIG_FILE = "admit.toml"
_OPTIONS = f"{PREFIX}AUTHENTICATOR__"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?\Z")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# The file of the settings that are being read now; pydantic-settings asks for its sources through a class method.
_TOML: ContextVar[Path | None] = ContextVar("admit_toml", default=None)


class SettingsError(ValueError):
    """The settings can't be used; the message names the key, where it came from, and what to do."""


class Settings(BaseSettings):
    """All settings, frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    server: ServerSection = ServerSection()
    storage: StorageSection = StorageSection()
    tokens: TokensSection = TokensSection()
    binding: BindingSection = BindingSection()
    sign_in: SignInSection = SignInSection()
    passkey: PasskeySection = PasskeySection()
    account: AccountSection = AccountSection()
    authenticator: AuthenticatorSection = AuthenticatorSection()
    personal_tokens: PersonalTokensSection = PersonalTokensSection()
    outgoing: OutgoingSection = OutgoingSection()
    mail: MailSection = MailSection()
    links: LinksSection = LinksSection()
    registration: RegistrationSection = RegistrationSection()
    feed: FeedSection = FeedSection()
    audit: AuditSection = AuditSection()
    decisions: DecisionsSection = DecisionsSection()
    log: LogSection = LogSection()
    _config: Path | None = PrivateAttr(default=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of precedence, first wins."""
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if directory := os.environ.get("ADMIT_SECRETS_DIR"):
            sources.append(
                NestedSecretsSettingsSource(
                    file_secret_settings,
                    secrets_dir=directory,
                    secrets_prefix=PREFIX,
                    secrets_nested_delimiter="__",
                )
            )
        if (toml := _TOML.get()) is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, toml))
        return tuple(sources)

    @property
    def data_dir(self) -> Path:
        """The data directory."""
        return self.storage.data

    @property
    def key_file(self) -> Path:
        """The key file."""
        return self.storage.key_file or self.storage.data / "admit.key"

    @property
    def database(self) -> str:
        """The database as a URL."""
        return self.storage.database or f"sqlite:///{self.storage.data / 'admit.db'}"

    @property
    def password_rules(self) -> PasswordRules:
        """Which passwords people may choose."""
        host = urlsplit(self.issuer).hostname or ""
        context = frozenset(word.casefold() for word in self.sign_in.context_words) | words_of(host) | {"admit"}
        return PasswordRules(context=context, common=common_passwords)

    @property
    def host(self) -> str:
        """Address to listen on."""
        return self.server.host

    @property
    def port(self) -> int:
        """Port to listen on."""
        return self.server.port

    @property
    def issuer(self) -> str:
        """The issuer, derived for loopback where it is not set."""
        if self.server.issuer:
            return self.server.issuer
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return f"http://{host}:{self.server.port}"


_FLAGS = {
    "data": ("storage", "data"),
    "database": ("storage", "database"),
    "host": ("server", "host"),
    "port": ("server", "port"),
    "issuer": ("server", "issuer"),
    "insecure_http": ("server", "insecure_http"),
    "log_level": ("log", "level"),
}


def load_settings(*, config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings.

    Args:
        config: `--config`; default `ADMIT_CONFIG`, then `admit.toml` in the working directory where there is one.
        flags: `data`, `database`, `host`, `port`, `issuer`, `insecure_http`, `log_level`; None means "not given".

    Raises:
        SettingsError: A key is unknown or a value unfit; the message suggests the mend.
    """
    toml = _config_file(config)
    _refuse_unknown_environment()
    given: dict[str, dict[str, Any]] = {}
    for name, value in flags.items():
        if value is not None:
            section, key = _FLAGS[name]
            given.setdefault(section, {})[key] = value
    # The short form that every command takes.
    if (
        "data" not in given.get("storage", {})
        and "ADMIT_STORAGE__DATA" not in os.environ
        and (data := os.environ.get("ADMIT_DATA"))
    ):
        given.setdefault("storage", {})["data"] = data

    token = _TOML.set(toml)
    try:
        settings: Settings = cast(Any, Settings)(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, toml)) from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsError(f"{toml} can't be read: {error}") from None
    finally:
        _TOML.reset(token)
    settings._config = toml
    _check_issuer(settings)
    return settings


def origins(settings: Settings) -> list[tuple[str, str, str]]:
    """Each setting with its value (secrets masked) and where it came from, for `admit doctor`."""
    toml = settings._config
    in_file: dict[str, Any] = tomllib.loads(toml.read_text()) if toml is not None else {}
    rows: list[tuple[str, str, str]] = []
    for section in type(settings).model_fields:
        values: BaseModel = getattr(settings, section)
        for key, info in type(values).model_fields.items():
            value = getattr(values, key)
            environment = f"{PREFIX}{section}__{key}".upper()
            if environment in os.environ:
                origin = f"environment {environment}"
            elif in_file.get(section, {}).get(key) is not None:
                origin = str(toml)
            elif value == info.default:
                origin = "default"
            else:
                origin = (
                    "flag"
                    if not (section == "storage" and key == "data" and "ADMIT_DATA" in os.environ)
                    else "environment ADMIT_DATA"
                )
            rows.append((f"{section}.{key}", _masked(key, value), origin))
    return rows + _options_shown(settings, in_file.get("authenticator", {}))


def _options_shown(settings: Settings, in_file: dict[str, Any]) -> list[tuple[str, str, str]]:
    """That an option is set, and where: which of them are secrets is known to the authenticator alone."""
    return [
        (
            f"authenticator.{name}.{key}",
            "***",
            str(settings._config) if key in in_file.get(name, {}) else "environment or secret file",
        )
        for name, options in settings.authenticator.options.items()
        for key in options
    ]


def _config_file(config: Path | None) -> Path | None:
    named = config or (Path(text) if (text := os.environ.get("ADMIT_CONFIG")) else None)
    if named is None:
        return Path(CONFIG_FILE) if Path(CONFIG_FILE).is_file() else None
    if not named.is_file():
        raise SettingsError(f"The configuration file {named} does not exist.")
    return named


def _known() -> list[str]:
    return [f"{s}.{k}" for s, f in Settings.model_fields.items() for k in f.default.__class__.model_fields]


def _refuse_unknown_environment() -> None:
    known = {f"{PREFIX}{name.replace('.', '__')}".upper() for name in _known()}
    for name in os.environ:
        if name.upper().startswith(_OPTIONS) and name.count("__") == 2:
            continue  # the class knows what it takes
        if name.startswith(PREFIX) and "__" in name and name.upper() not in known:
            raise SettingsError(
                f"The environment variable {name} is no setting of Admit.{_suggest(name, sorted(known))}"
            )


def _explain(error: ValidationError, toml: Path | None) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        where = f" (in {toml})" if toml else ""
        return f"There is no setting {key}{where}.{_suggest(key, _known())}"
    given, why = problem.get("input"), problem["msg"].removeprefix("Value error, ")
    if not isinstance(given, str | int | float | list | tuple | None):  # a whole section, which may hold a password
        return f"The settings in [{key}] don't fit together: {why}."
    name = key.rpartition(".")[2]
    shown = _masked(name, given) if name in ("password", "database") else repr(given)
    return f"The setting {key} can't be {shown}: {why}."


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(known)}."


def _check_issuer(settings: Settings) -> None:
    issuer = settings.issuer
    parts = _split(issuer)
    if parts is None or parts.scheme not in ("http", "https") or not _HOST.match(parts.netloc):
        raise SettingsError(f"server.issuer {issuer!r} has to be an address such as https://id.example.com.")
    if parts.path.strip("/"):
        raise SettingsError(f"server.issuer {issuer!r} has a path; Admit answers at the root of its host name.")
    # Compared as text by everybody who reads `iss`, and with the Origin header, so there is one spelling only.
    plain = f"{parts.scheme}://{parts.netloc.lower()}".removesuffix(_DEFAULT_PORTS[parts.scheme])
    if issuer != plain:
        raise SettingsError(
            f"server.issuer {issuer!r} is written {plain}: nothing after the host name and no default port."
        )
    if (
        parts.scheme == "http"
        and parts.hostname not in ("127.0.0.1", "::1", "localhost")
        and not settings.server.insecure_http
    ):
        raise SettingsError(
            f"server.issuer {issuer!r} is plain http and not on loopback: passwords and tokens could be read on the way. "
            "Set server.issuer to the https address that people use (a proxy may end TLS), or --insecure-http to accept that."
        )


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _written(value: object) -> str:
    """A value as people write it, and not Python; empty for what is not set."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _masked(key: str, value: object) -> str:
    text = _written(value)
    if key == "password":
        return "***" if text else ""
    if key != "database":
        return text
    # Up to the last @: rather too much than a part of a password that holds one itself.
    text = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&]*", r"\1***", text)
