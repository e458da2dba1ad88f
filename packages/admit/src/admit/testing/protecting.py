"""Lets an application trust a test issuer, also where its verifier was made when a module was imported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Generic, Self, TypeVar

from admit.expect import ACCESS_TOKEN_TYPE
from admit.revocations import InMemoryRevocations
from admit.verifier import Verifier

_JUDGING = ("verify", "verify_async", "verify_assertion", "verify_assertion_async", "refused")


def verifier_of(target: Any) -> Verifier:
    """Return the verifier of what protects an application.

    Raises:
        TypeError: It has none.
    """
    verifier = target if isinstance(target, Verifier) else getattr(target, "verifier", None)
    if not isinstance(verifier, Verifier):
        raise TypeError(
            f"{type(target).__name__} protects nothing: pass your TokenAuth, TokenMiddleware or Verifier, "
            "not the application or the client"
        )
    return verifier


def _stand_in(verifier: Verifier, issuer: Protecting) -> Verifier:
    """Return a verifier that trusts `issuer`, and expects all else as `verifier` does."""
    expect = verifier.expect
    return issuer.verifier(
        algorithms=(expect.algorithms and {name for name in expect.algorithms if not name.startswith("HS")}) or None,
        audience=expect.audience,
        claims=verifier._claims,
        danger_accept_types={name for name in expect.types if name not in (None, ACCESS_TOKEN_TYPE)},
        dpop_nonces=verifier._dpop_nonces,
        issuer=expect.issuer,
        leeway_s=expect.leeway_s,
        # Who goes without revocations in production has to see it in the tests.
        revocations=None if verifier._revocations is None else issuer.revocations,
    )


class Protecting(ABC):
    """The part of `TestIssuer` that applications are wired by."""

    issuer: str
    audience: str
    revocations: InMemoryRevocations

    def __init__(self) -> None:
        self._protected: list[Verifier] = []
        self._unawaited: dict[int, str] = {}
        self._numbers = count()

    @abstractmethod
    def verifier(self, **options: Any) -> Verifier:
        """Return a verifier that trusts this issuer."""

    @abstractmethod
    def _sign_with(self, allowed: frozenset[str]) -> None:
        """Sign with an algorithm that is allowed."""

    def protects(self, *targets: Any) -> Self:
        """Let what protects your application trust this issuer, until `restore`.

        Issuer and audience of the tokens become those that it expects, and all else that it was told (leeway, algorithms, going
        without revocations) stays. It may have been made when its module was imported.

        Args:
            targets: Each a `TokenAuth`, a `TokenMiddleware` or a `Verifier`. The audience of tokens is that of the first.

        Raises:
            TypeError: Something else; an application is not what protects it.
            ValueError: They trust different issuers.
        """
        verifiers = [verifier_of(target) for target in targets]
        expected = [each.expect for each in (*self._protected, *verifiers)]
        if len({each.issuer for each in expected}) > 1:
            raise ValueError(
                f"they trust different issuers, {sorted({e.issuer for e in expected})}: make a TestIssuer for each"
            )
        if expected:
            self.issuer, self.audience = expected[0].issuer, expected[0].audience
        for each in expected:
            if each.algorithms is not None:
                self._sign_with(each.algorithms)
        for verifier in verifiers:
            stand_in = _stand_in(verifier, self)
            for name in _JUDGING:
                # The verifier stays where it is, whoever holds it; only its judgement is another one.
                setattr(verifier, name, getattr(stand_in, name))
            self._protected.append(verifier)
        if verifiers and self not in _in_charge:
            _in_charge.append(self)
        return self

    def restore(self) -> None:
        """Undo all of `protects`.

        Raises:
            AssertionError: What an asynchronous `assert_protected` returned was not awaited, so that it proved nothing.
        """
        for verifier in self._protected:
            for name in _JUDGING:
                vars(verifier).pop(name, None)
        self._protected.clear()
        if self in _in_charge:
            _in_charge.remove(self)
        forgotten, self._unawaited = sorted(self._unawaited.values()), {}
        if forgotten:
            raise AssertionError(f"nothing was asserted of {', '.join(forgotten)}: write await assert_protected(...)")

    @staticmethod
    def _now_in_charge() -> Any:
        """Return the issuer that protects applications now.

        Raises:
            LookupError: There is none, or more than one.
        """
        if len(_in_charge) != 1:
            found = "no issuer protects" if not _in_charge else f"{len(_in_charge)} issuers protect"
            raise LookupError(
                f"{found} an application now: call admit_tokens.protects(auth) first, or pass tokens=... to assert_protected"
            )
        return _in_charge[0]

    def _to_be_awaited(self, what: str, work: Coroutine[Any, Any, _T]) -> Awaitable[_T]:
        """Return `work`, and complain in `restore` if nobody awaited it."""
        number = next(self._numbers)
        self._unawaited[number] = what
        return _Awaited(lambda: self._unawaited.pop(number, None), work)

    @contextmanager
    def protecting(self, *targets: Any) -> Iterator[Self]:
        """Do `protects`, and undo it at the end of the block."""
        try:
            yield self.protects(*targets)
        finally:
            self.restore()


_T = TypeVar("_T")
_in_charge: list[Protecting] = []


class _Awaited(Generic[_T]):
    def __init__(self, begun: Callable[[], object], work: Coroutine[Any, Any, _T]) -> None:
        self._begun, self._work = begun, work

    def __await__(self) -> Generator[Any, Any, _T]:
        self._begun()
        return (yield from self._work.__await__())

    def __del__(self) -> None:
        self._work.close()  # whoever forgot is told by `restore`, and not by a warning as well
