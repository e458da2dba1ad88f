"""Where verification keys come from. Nothing a token says ever adds to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from admit.arguments import police_keys
from admit.errors import VerifierMisconfigured, VerifierUnavailable
from admit.jose import Jwk, Jwks, UnknownKey

if TYPE_CHECKING:
    from concurrent.futures import Future

    from admit.connecting import Line
    from admit.metadata import MetadataSource
    from admit.status import KeysStatus


class KeySource(Protocol):
    """Finds the key that a token's header means, without ever waiting.

    A source may also have the method `settled` of `SettledKeySource`; then keys that were looked up once need not be looked
    up again.
    """

    def find(self, *, kid: str | None, alg: str) -> Jwk | Future[None]:
        """Return the key; or a future after which asking again makes sense.

        Raises:
            UnknownKey: There is no such key.
            VerifierUnavailable: That cannot be told now.
        """

    def close(self) -> None:
        """Stop whatever runs in the background."""


class SettledKeySource(KeySource, Protocol):
    """A source that can say that nothing has changed."""

    def settled(self) -> Jwks | None:
        """Return the keys as they are now; or None where `find` has to be asked, because something may have to be done.

        The object stands for exactly these keys: as long as the same one is returned, whatever `find` found among them holds.
        For a key that is not among them `find` has to be asked. Called for every token, so it costs next to nothing.
        """


class FixedKeys:
    """Keys that are handed over once: a secret, one key or a set."""

    def __init__(self, keys: bytes | Jwk | Jwks) -> None:
        """Raise ValueError for a secret under 32 bytes."""
        if isinstance(keys, Jwks):
            self._keys = keys
        else:
            self._keys = Jwks([keys if isinstance(keys, Jwk) else Jwk.from_secret(keys)])

    @property
    def symmetric(self) -> bool:
        """Whether there is no server behind these keys: every one of them is a shared secret."""
        return all(key.symmetric for key in self._keys)

    def settled(self) -> Jwks:
        """Return the keys; they never change."""
        return self._keys

    def find(self, *, kid: str | None, alg: str) -> Jwk:
        """Return the key, or raise UnknownKey."""
        return self._keys.find(kid=kid, alg=alg)

    def close(self) -> None:
        """Nothing runs."""


@dataclass(frozen=True, slots=True)
class _Known:
    keys: Jwks
    fetched_at: float
    refresh_s: float


class RemoteKeys:
    """The published keys of an issuer, fetched in the background.

    - Nothing is fetched before the first token. From then on the set is fetched again every `refresh_s` seconds, or as
      its Cache-Control says within 60 to 900, when a token comes by; that token does not wait.
    - A key that nobody knows makes one fetch, at most every `cooldown_s` seconds however many such tokens come.
    - When the issuer is away, the known keys go on for `stale_s`. A token whose key is not among them cannot be judged
      then (503): the key may be new. Only a set that was fetched well makes a key unknown (401).
    """

    metadata: MetadataSource

    def __init__(
        self,
        issuer: str,
        *,
        jwks_uri: str | None = None,
        trusted_hosts: Iterable[str] = (),
        refresh_s: float = 300,
        cooldown_s: float = 30,
        retry_s: float = 5,
        stale_s: float = 86_400,
        timeout_s: float = 5,
        elapsed: Callable[[], float] | None = None,
    ) -> None:
        """
        Args:
            issuer: Its identifier; `jwks_uri` is found through its metadata.
            jwks_uri: Taken instead of what metadata says. May be on any host.
            trusted_hosts: Hosts besides the issuer's that metadata may point to.
            refresh_s: Age at which the set is fetched again in the background. At twice this age a token waits for it.
            cooldown_s: Shortest time between two fetches for unknown keys, or after a failure with keys known.
            retry_s: Shortest time between two fetches while no keys are known.
            stale_s: How long known keys go on when they cannot be fetched again.
            timeout_s: For one whole fetch.
            elapsed: Clock for all of these.

        Raises:
            ValueError: An address is neither https nor on loopback.
        """
        from admit.background import elapsed as since_start
        from admit.flights import SingleFlight
        from admit.metadata import MetadataSource
        from admit.urls import server_url

        if jwks_uri is not None:
            server_url(jwks_uri, what="jwks_uri")
        self.metadata = MetadataSource(issuer, trusted_hosts=trusted_hosts)
        self._jwks_uri = jwks_uri
        self._refresh_s, self._cooldown_s, self._retry_s, self._stale_s = refresh_s, cooldown_s, retry_s, stale_s
        self._timeout_s = timeout_s
        self._elapsed = elapsed or since_start
        self._flight = SingleFlight(self._fetch, name="admit-keys")
        self._known: _Known | None = None
        self._settled: Jwks | None = None
        self._settled_until = float("-inf")
        self._attempted_at = float("-inf")
        self._failure: VerifierUnavailable | None = None

    def settled(self) -> Jwks | None:
        """Return the known keys while they are fresh. See `SettledKeySource.settled`."""
        return self._settled if self._elapsed() <= self._settled_until else None

    def find(self, *, kid: str | None, alg: str) -> Jwk | Future[None]:
        """Return the key, or the fetch to wait for. See `KeySource.find`."""
        known = self._known
        if known is None or (age_s := self._elapsed() - known.fetched_at) > self._stale_s:
            if (flight := self._flight.start_if(self._retry_is_due)) is not None:
                return flight
            raise _copy(self._failure) if self._failure is not None else VerifierUnavailable("no keys are known")
        if age_s > known.refresh_s:
            flight = self._flight.start_if(self._refresh_is_due)
            # After a long silence the set may be hours old: a key withdrawn meanwhile must not get through once more. But where a fetch
            # failed a moment ago no token waits for the next one: that would hold up everybody while an issuer hangs.
            tried_lately = self._failure is not None and self._elapsed() - self._attempted_at <= 2 * known.refresh_s
            if age_s > 2 * known.refresh_s and flight is not None and not tried_lately:
                return flight
        try:
            return known.keys.find(kid=kid, alg=alg)
        except UnknownKey:
            if (flight := self._flight.start_if(self._cooldown_is_over)) is not None:
                return flight
            if self._known is not known:
                return self.find(kid=kid, alg=alg)  # a newer set came between the two looks
            if self._failure is not None:
                raise VerifierUnavailable(f"unknown key, and no newer key set can be had: {self._failure}") from None
            if not len(known.keys):
                # Nothing can be verified with no keys; but that is the issuer's trouble, and no client shall throw its token away.
                raise VerifierUnavailable(f"{self.metadata.issuer} publishes no usable key") from None
            raise

    def status(self) -> KeysStatus:
        """Return how fresh the keys are. Asks nobody."""
        from admit.status import KeysStatus

        keys, failure = self._settled, self._failure
        return KeysStatus(
            age_s=None if self._known is None else self._elapsed() - self._known.fetched_at,
            keys=0 if keys is None else len(keys),
            ignored=0 if keys is None else len(keys.ignored),
            error=None if failure is None else str(failure),
        )

    def close(self) -> None:
        """End a fetch that is under way. The next `find` may start another."""
        self._flight.end(within_s=1)

    def _retry_is_due(self) -> bool:
        return self._failure is None or self._elapsed() - self._attempted_at >= self._retry_s

    def _refresh_is_due(self) -> bool:
        return self.settled() is None and (self._failure is None or self._cooldown_is_over())

    def _cooldown_is_over(self) -> bool:
        return self._elapsed() - self._attempted_at >= self._cooldown_s

    def _fetch(self, line: Line) -> None:
        from admit.background import log

        try:
            self._known = known = self._fetched(line)
            # The time last: with the old time and the new keys nobody is misled.
            self._settled, self._settled_until = known.keys, known.fetched_at + known.refresh_s
            self._failure = None
        except Exception as error:
            if line.ended:
                return  # closed meanwhile: that says nothing about the issuer
            self.metadata.forget()
            if not isinstance(error, VerifierUnavailable):
                log.exception("fetching the keys of %s failed unexpectedly", self.metadata.issuer)
                error = VerifierUnavailable(f"fetching the keys failed: {type(error).__name__}")
            elif self._failure is None:
                log.warning("the keys of %s cannot be fetched: %s", self.metadata.issuer, error)
            self._failure = error
        self._attempted_at = self._elapsed()

    def _fetched(self, line: Line) -> _Known:
        from admit.published_keys import fetch_keys, same

        began = self._elapsed()
        uri = self._jwks_uri or self.metadata.get(line=line).jwks_uri
        if uri is None:
            raise VerifierMisconfigured(f"the metadata of {self.metadata.issuer} names no jwks_uri")
        keys, max_age_s = fetch_keys(uri, timeout_s=self._timeout_s, line=line)
        if self._known is not None and same(keys, self._known.keys):
            keys = self._known.keys
        return _Known(keys, began, self._refresh_s if max_age_s is None else min(max(max_age_s, 60.0), 900.0))


def key_source(issuer: str, keys: bytes | Jwk | Jwks | KeySource | None) -> KeySource:
    """Return the source that the argument `keys` of `Verifier` means.

    Raises:
        ValueError: It means none; the message says what to write instead.
    """
    if keys is None:
        return RemoteKeys(issuer)
    if isinstance(keys, bytes | Jwk | Jwks):
        return FixedKeys(keys)
    police_keys(keys)
    return keys


def _copy(error: VerifierUnavailable) -> VerifierUnavailable:
    # One exception object raised for many requests would collect all their tracebacks.
    return type(error)(str(error), retry_after_s=error.retry_after_s)
