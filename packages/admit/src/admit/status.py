"""How fresh a verifier's knowledge is, for those who operate it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["FeedStatus", "KeysStatus", "VerifierStatus", "prometheus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysStatus:
    """What is known of the issuer's published keys.

    Attributes:
        age_s: Seconds since they were last fetched well; None before that.
        keys: How many are usable.
        ignored: How many the issuer publishes that this library cannot or must not use.
        error: Why the last fetch failed; None when it did not.
    """

    age_s: float | None
    keys: int
    ignored: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """What is known of the revocation feed.

    Attributes:
        age_s: The feed's lag: seconds since its last fresh word; None before the first. The server sends a word every 5 s.
        accept_for_s: At this age tokens are no longer accepted.
        current: Whether everything that came is known, as far as can be told: the following thread had its turn within a second.
        streaming: Whether the event stream is open. If it is not, the feed is polled.
        handles: How many revocations are held in memory.
        position: Of the last one, as in docs/reference/revocation-feed.md; None before the first snapshot.
        error: Why the feed cannot be followed; None when it can.
    """

    age_s: float | None
    accept_for_s: float
    current: bool
    streaming: bool
    handles: int
    position: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierStatus:
    """One verifier's knowledge, in this process.

    Attributes:
        issuer: Whose tokens it checks.
        audience: For which resource.
        keys: None where the keys are fixed.
        feed: None where no feed is followed.
        lost_reports: How many reports of refusals were left out because too many waited.
    """

    issuer: str
    audience: str
    keys: KeysStatus | None
    feed: FeedStatus | None
    lost_reports: int

    def prometheus(self) -> str:
        """Return it as text for Prometheus; for several verifiers of a process see `prometheus`."""
        return prometheus([self])


_GAUGES = {
    "admit_verifier_feed_age_seconds": "Seconds since the last fresh word of the revocation feed; NaN before the first.",
    "admit_verifier_feed_current": "1 while every revocation that came is known.",
    "admit_verifier_feed_streaming": "1 while the event stream is open; otherwise the feed is polled.",
    "admit_verifier_feed_failing": "1 while the revocation feed cannot be followed.",
    "admit_verifier_revocations": "Revocations held in memory.",
    "admit_verifier_keys_age_seconds": "Seconds since the issuer's keys were fetched well; NaN before that.",
    "admit_verifier_keys_failing": "1 while the issuer's keys cannot be fetched.",
    "admit_verifier_keys": "Usable keys of the issuer.",
    "admit_verifier_lost_reports": "Reports of refusals that were left out because too many waited.",
}


def prometheus(statuses: Iterable[VerifierStatus]) -> str:
    """Return gauges in the text format of Prometheus, version 0.0.4.

    Args:
        statuses: Of the verifiers of this process; each other process has its own.
    """
    samples: dict[str, list[str]] = {name: [] for name in _GAUGES}
    for status in statuses:
        labels = f'issuer="{_escaped(status.issuer)}",audience="{_escaped(status.audience)}"'
        for name, value in _values(status):
            samples[name].append(f"{name}{{{labels}}} {'NaN' if value is None else f'{value:.15g}'}")
    return "".join(
        f"# HELP {name} {text}\n# TYPE {name} gauge\n" + "\n".join(samples[name]) + "\n"
        for name, text in _GAUGES.items()
        if samples[name]
    )


def _values(status: VerifierStatus) -> Iterator[tuple[str, float | None]]:
    if (feed := status.feed) is not None:
        yield "admit_verifier_feed_age_seconds", feed.age_s
        yield "admit_verifier_feed_current", feed.current
        yield "admit_verifier_feed_streaming", feed.streaming
        yield "admit_verifier_feed_failing", feed.error is not None
        yield "admit_verifier_revocations", feed.handles
    if (keys := status.keys) is not None:
        yield "admit_verifier_keys_age_seconds", keys.age_s
        yield "admit_verifier_keys_failing", keys.error is not None
        yield "admit_verifier_keys", keys.keys
    yield "admit_verifier_lost_reports", status.lost_reports


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
