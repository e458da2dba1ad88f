"""How the process runs. Flag > environment (`ADMIT_SECTION__KEY`) > secret file > `admit.toml` > default.

Clients, resources, users and policies are data in the database, not settings.
"""

import difflib
import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Any, ClassVar, Literal, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

PREFIX = "ADMIT_"
CONFIG_FILE = "admit.toml"


class SettingsError(ValueError):
    """The settings can't be used; the message names the key, where it came from, and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSection(_Section):
    """Where the server listens, and what it is called."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8100, ge=0, le=65535, description="Port to listen on.")
    issuer: str = Field(
        default="", description="The public address, the `iss` of every token. Empty: http://HOST:PORT on loopback."
    )
    trusted_proxies: tuple[str, ...] = Field(default=(), description="Networks whose `X-Forwarded-For` is believed.")
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
    refresh_lifetime_s: int = Field(
        default=90 * 86_400, ge=60, description="The absolute end of a family of refresh tokens."
    )
    refresh_idle_s: int = Field(default=14 * 86_400, ge=60, description="An unused refresh token ends after this long.")
    refresh_reuse_window_s: int = Field(
        default=30, ge=0, le=300, description="How long a spent refresh token gets the same successor."
    )


class SignInSection(_Section):
    """How people sign in."""

    session_lifetime_s: int = Field(
        default=43_200, ge=60, le=31_536_000, description="A browser stays signed in at most this long."
    )
    authenticators: tuple[str, ...] = Field(default=("password",), description="Which authenticators are loaded.")
    hash_threads: int = Field(default=0, ge=0, le=64, description="Threads that hash passwords. 0: as many as cores.")
    hash_queue: int = Field(
        default=64, ge=1, le=10_000, description="Sign-ins waiting for a hash at most; beyond it 503."
    )


class FeedSection(_Section):
    """The revocation feed."""

    streams_per_network: int = Field(
        default=1024, ge=1, description="Open streams from one address at most; beyond it 429, then polling."
    )


class LogSection(_Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level that is written."
    )
    format: Literal["text", "json"] = Field(default="text", description="Lines for people, or JSON lines.")


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
    sign_in: SignInSection = SignInSection()
    feed: FeedSection = FeedSection()
    log: LogSection = LogSection()

    _toml: ClassVar[Path | None] = None

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
        if cls._toml is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls._toml))
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

    class Configured(Settings):
        _toml: ClassVar[Path | None] = toml

    try:
        settings: Settings = cast(Any, Configured)(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, toml)) from None
    except (tomllib.TOMLDecodeError, OSError) as error:
        raise SettingsError(f"{toml} can't be read: {error}") from None
    _check_issuer(settings)
    return settings


def origins(settings: Settings) -> list[tuple[str, str, str]]:
    """Each setting with its value (secrets masked) and where it came from, for `admit doctor`."""
    toml = type(settings)._toml
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
    return rows


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
    return f"The setting {key} can't be {problem.get('input')!r}: {problem['msg']}."


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(known)}."


def _check_issuer(settings: Settings) -> None:
    parts = urlsplit(settings.issuer)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or settings.issuer.endswith("/")
    ):
        raise SettingsError(
            f"server.issuer {settings.issuer!r} has to be an address such as https://id.example.com, without query, fragment or a "
            "slash at its end."
        )
    if parts.path:
        raise SettingsError(
            f"server.issuer {settings.issuer!r} has a path; Admit answers at the root of its host name."
        )
    if (
        parts.scheme == "http"
        and parts.hostname not in ("127.0.0.1", "::1", "localhost")
        and not settings.server.insecure_http
    ):
        raise SettingsError(
            f"server.issuer {settings.issuer!r} is plain http and not on loopback: passwords and tokens could be read on the way. "
            "Set server.issuer to the https address that people use (a proxy may end TLS), or --insecure-http to accept that."
        )


def _masked(key: str, value: object) -> str:
    text = str(value)
    if key == "database" and "@" in text:
        parts = urlsplit(text)
        if parts.password:
            return text.replace(f":{parts.password}@", ":***@")
    return text
