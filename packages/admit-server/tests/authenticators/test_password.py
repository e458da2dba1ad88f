"""Password against hash: equal work for everybody, and a new hash where the parameters have changed."""

import pytest

from admit_server.authenticators.api import Context, CredentialUpdate, NotMine, Rejected, StoredCredential, Verified
from admit_server.authenticators.password import LONGEST, PasswordAuthenticator

pytestmark = pytest.mark.anyio

STORED = StoredCredential(id="crd_1", data="hash of a good pass phrase", version=3)


class Hashes:
    """Remembers what it was asked."""

    def __init__(self, *, outdated: bool = False) -> None:
        self.asked: list[tuple[str | None, str]] = []
        self.made: list[str] = []
        self.outdated = outdated

    async def verify(self, encoded: str | None, password: str) -> bool:
        self.asked.append((encoded, password))
        return encoded == f"hash of {password}"

    async def make(self, password: str) -> str:
        self.made.append(password)
        return f"new hash of {password}"

    def context(self) -> Context:
        return Context(
            now=1,
            entropy=lambda size: b"x" * size,
            verify_hash=self.verify,
            make_hash=self.make,
            needs_rehash=lambda _: self.outdated,
        )


async def judged(hashes, password, credentials=(STORED,)):
    response = {} if password is None else {"password": password}
    return await PasswordAuthenticator().finish(hashes.context(), b"", response, credentials)


async def test_it_asks_for_user_name_and_password():
    challenge = await PasswordAuthenticator().begin(Hashes().context(), None, ())
    assert (challenge.kind, challenge.fields) == ("password", ("username", "password"))


async def test_the_right_password_verifies_and_changes_nothing():
    assert await judged(Hashes(), "a good pass phrase") == Verified(amr=("pwd",))


async def test_wrong_missing_and_unknown_cost_one_hash_each():
    for password, credentials in (
        ("wrong", (STORED,)),
        ("wrong", ()),
        ("", (STORED,)),
        ("x" * (LONGEST + 1), (STORED,)),
    ):
        hashes = Hashes()
        assert isinstance(await judged(hashes, password, credentials), Rejected)
        assert len(hashes.asked) == 1
        assert hashes.made == []


async def test_a_response_for_another_authenticator_is_not_its_own_and_costs_nothing():
    hashes = Hashes()
    assert await judged(hashes, None) == NotMine()
    assert hashes.asked == []


async def test_a_password_beyond_the_limit_is_never_hashed_and_never_good():
    """Also not when its stand-in would match."""
    hashes = Hashes()
    empty = StoredCredential(id="crd_1", data="hash of ", version=1)
    assert isinstance(await judged(hashes, "x" * (LONGEST + 1), (empty,)), Rejected)
    assert hashes.asked == [("hash of ", "")]
    assert await judged(
        Hashes(), "x" * LONGEST, (StoredCredential(id="c", data=f"hash of {'x' * LONGEST}", version=1),)
    )


async def test_old_parameters_are_replaced_on_success_only_guarded_by_the_version():
    assert isinstance(await judged(hashes := Hashes(outdated=True), "wrong"), Rejected)
    assert hashes.made == []
    verdict = await judged(Hashes(outdated=True), "a good pass phrase")
    update = CredentialUpdate(id="crd_1", data="new hash of a good pass phrase", version=3)
    assert verdict == Verified(amr=("pwd",), credential_updates=(update,))


def test_hashes_are_in_no_representation():
    assert "good" not in repr(STORED)
    assert "secret" not in repr(CredentialUpdate(id="c", data="secret", version=1))
