"""The rules, each a test."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import get_args

from ..api import (
    Authenticator,
    Challenge,
    Context,
    Enrolled,
    Enrolling,
    Factor,
    HttpAnswer,
    Naming,
    NotMine,
    NotReached,
    Pending,
    Rejected,
    StoredCredential,
    Verified,
)
from ..registry import NAME
from .imports import foreign_imports
from .surroundings import FOREIGN, GARBAGE, PERSON, Work, context

_STATE_BYTES, _PUBLIC_BYTES, _LABEL = 4096, 16_384, 100


class Conformance:
    """Derive from it; see the module. `response_matters`: False where the person types nothing (an approval elsewhere)."""

    response_matters = True

    def make(self) -> Authenticator:
        """A new instance."""
        raise NotImplementedError("make() has to return a new instance of the authenticator")

    async def right(
        self, ctx: Context, challenge: Challenge, credentials: Sequence[StoredCredential]
    ) -> Mapping[str, str]:
        """The response that the person would give."""
        raise NotImplementedError("right() has to return the response that verifies")

    async def right_to_enrol(self, ctx: Context, challenge: Challenge) -> Mapping[str, str]:
        """The response that ends an enrolment; only for those that people can add."""
        raise NotImplementedError("right_to_enrol() has to return the response that ends an enrolment")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """What an outside process answers; only for those that call one."""
        raise NotReached("there is no process in this test")

    async def credentials(self, ctx: Context) -> tuple[StoredCredential, ...]:
        """What is stored of the person: what an enrolment gives, or nothing."""
        authenticator = self.make()
        if not isinstance(authenticator, Enrolling):
            return ()
        made = await self.enrolled(ctx)
        return (StoredCredential(id="crd_conformance", data=made.data, version=1, label=made.label),)

    async def enrolled(self, ctx: Context) -> Enrolled:
        """What an enrolment by the right response gives."""
        authenticator = self.make()
        if not isinstance(authenticator, Enrolling):
            raise AssertionError("it has no enrolment")
        challenge = await authenticator.begin_enrolment(ctx, PERSON, ())
        response = await self.right_to_enrol(ctx, challenge)
        made = await authenticator.finish_enrolment(ctx, challenge.state, response, ())
        if not isinstance(made, Enrolled):
            raise AssertionError(f"the right response ended the enrolment with {made!r}")
        return made

    def context(self, work: Work | None = None) -> Context:
        """What a server would hand over."""
        return context(process=self.post, work=work)

    def test_its_attributes_have_their_shapes(self) -> None:
        """What stands in requirements, in storage and in tokens is of the shape that they know."""
        made = self.make()
        must(bool(NAME.match(made.name)), f"the name {made.name!r} has to be lower-case letters, digits, underscores")
        must(set(made.factors) <= set(get_args(Factor)), f"the factors {made.factors!r} are not of {get_args(Factor)}")
        for flag in ("phishing_resistant", "names_the_person", "contacts", "keeps_secrets", "stands_in"):
            must(isinstance(getattr(made, flag, False), bool), f"{flag} has to be True or False")
        must(not made.names_the_person or isinstance(made, Naming), "it names the person, but has no lookup()")
        must(not isinstance(made, Enrolling) or made.most >= 0, "most has to be a number")

    def test_it_imports_nothing_of_the_server_but_the_interface(self) -> None:
        """Nothing else is kept stable for it."""
        module = sys.modules[type(self.make()).__module__]
        found = foreign_imports(module)
        must(not found, f"it imports {', '.join(found)}; only admit_server.authenticators.api is there for it")

    def test_a_challenge_can_be_shown_and_carried(self) -> None:
        """By a page, as JSON, and in a form of the browser."""

        async def look() -> None:
            ctx = self.context()
            challenge = await self.make().begin(ctx, PERSON, await self.credentials(ctx))
            _check_challenge(challenge)

        asyncio.run(look())

    def test_nobody_is_asked_for_the_same(self) -> None:
        """Or a challenge would tell who has an account."""

        async def look() -> None:
            ctx = self.context()
            known = await self.make().begin(ctx, PERSON, await self.credentials(ctx))
            nobody = await self.make().begin(ctx, None, ())
            _check_challenge(nobody)
            same = (known.kind, known.fields, set(known.public)) == (nobody.kind, nobody.fields, set(nobody.public))
            must(same, "the challenge tells whether somebody of that name exists")

        asyncio.run(look())

    def test_the_right_response_is_verified(self) -> None:
        """And shows no more than the class says, with updates that are guarded."""
        verdict, credentials = asyncio.run(self._ceremony())
        must(isinstance(verdict, Verified), f"the right response gave {verdict!r}")
        if isinstance(verdict, Verified):
            factors = self.make().factors
            must(bool(verdict.amr) and all(isinstance(each, str) for each in verdict.amr), "amr is empty")
            must(verdict.subject in (None, PERSON.id), "it proved somebody else")
            must(verdict.factors is None or verdict.factors <= factors, "it showed more than its class says it can")
            versions = {each.id: each.version for each in credentials}
            must(verdict.used is None or verdict.used in versions, "it used a credential that it was not given")
            for update in verdict.credential_updates:
                must(versions.get(update.id) == update.version, "an update is not guarded by the version that was read")

    def test_two_instances_finish_each_others_ceremonies(self) -> None:
        """The next request may reach another server."""
        first, second = self.make(), self.make()
        verdict, _ = asyncio.run(self._ceremony(begins=first, finishes=second))
        must(isinstance(verdict, Verified), f"another instance gave {verdict!r}: something is kept inside")

    def test_the_right_response_is_rejected_for_nobody(self) -> None:
        """There is nobody whom it could prove."""

        async def look() -> None:
            ctx = self.context()
            credentials = await self.credentials(ctx)
            nobody = await self.make().begin(ctx, None, ())
            response = await self.right(ctx, await self.make().begin(ctx, PERSON, credentials), credentials)
            verdict = await self.make().finish(ctx, nobody.state, response, ())
            must(not isinstance(verdict, Verified), "somebody who does not exist was verified")

        asyncio.run(look())

    def test_a_response_for_another_authenticator_is_not_its_own(self) -> None:
        """`NotMine` lets the next one try; `Rejected` would count as a failure."""

        async def look() -> None:
            ctx = self.context()
            credentials = await self.credentials(ctx)
            state = (await self.make().begin(ctx, PERSON, credentials)).state
            for response in ({}, FOREIGN):
                verdict = await self.make().finish(ctx, state, response, credentials)
                must(verdict == NotMine(), f"a response without its field gave {verdict!r} instead of NotMine()")

        asyncio.run(look())

    def test_garbage_is_rejected_and_raises_nothing(self) -> None:
        """An exception fails closed as well, but fills the log and hides faults that matter."""

        async def look() -> None:
            ctx = self.context()
            credentials = await self.credentials(ctx)
            challenge = await self.make().begin(ctx, PERSON, credentials)
            for response in _spoilt(await self.right(ctx, challenge, credentials)):
                for stored in (credentials, ()):
                    verdict = await self.make().finish(ctx, challenge.state, response, stored)
                    fits = (Rejected, NotMine) if self.response_matters else (Rejected, NotMine, Pending, Verified)
                    must(isinstance(verdict, fits), f"{_short(response)} gave {verdict!r}")

        asyncio.run(look())

    def test_nobody_costs_the_same_work(self) -> None:
        """Or the time would tell who has an account."""

        async def look() -> None:
            credentials = await self.credentials(self.context())
            known, nobody = Work(), Work()
            for work, subject, stored in ((known, PERSON, credentials), (nobody, None, ())):
                ctx = self.context(work)
                challenge = await self.make().begin(ctx, subject, stored)
                right = await self.right(self.context(), challenge, credentials)
                await self.make().finish(ctx, challenge.state, dict.fromkeys(right, "wrong"), stored)
            must(known.done == nobody.done, f"a person costs {known.done}, nobody {nobody.done}: the time would tell")

        asyncio.run(look())

    def test_what_was_used_up_is_not_good_again(self) -> None:
        """An update that is needed has to make the response worthless."""

        async def look() -> None:
            ctx = self.context()
            credentials = await self.credentials(ctx)
            challenge = await self.make().begin(ctx, PERSON, credentials)
            response = await self.right(ctx, challenge, credentials)
            verdict = await self.make().finish(ctx, challenge.state, response, credentials)
            if isinstance(verdict, Verified) and any(update.needed for update in verdict.credential_updates):
                data = {update.id: update.data for update in verdict.credential_updates}
                later = [
                    StoredCredential(id=each.id, data=data.get(each.id, each.data), version=each.version + 1)
                    for each in credentials
                ]
                again = await self.make().finish(ctx, challenge.state, response, later)
                must(isinstance(again, Rejected), f"the same response once more gave {again!r}")

        asyncio.run(look())

    def test_no_secret_is_in_a_representation(self) -> None:
        """Representations end in logs."""

        async def look() -> None:
            ctx = self.context()
            made = self.make()
            credentials = await self.credentials(ctx)
            challenge = await made.begin(ctx, PERSON, credentials)
            seen = repr((made, challenge, credentials))
            for secret in [each.data for each in credentials] + [challenge.state.decode("latin-1")]:
                must(not secret or secret not in seen, "a representation shows what only the authenticator may know")

        asyncio.run(look())

    def test_an_enrolment_gives_something_that_signs_in(self) -> None:
        """Its challenge can be shown, its result stored and used."""

        async def look() -> None:
            made = self.make()
            if not isinstance(made, Enrolling):
                return
            ctx = self.context()
            challenge = await made.begin_enrolment(ctx, PERSON, ())
            _check_challenge(challenge)
            for response in ({}, FOREIGN):
                foreign = await made.finish_enrolment(ctx, challenge.state, response, ())
                must(foreign == NotMine(), f"an enrolment without its field gave {foreign!r} instead of NotMine()")
            enrolled = await self.enrolled(ctx)
            must(len(enrolled.label) <= _LABEL, f"the label has more than {_LABEL} characters")
            json.dumps(dict(enrolled.shown))
            stored = (StoredCredential(id="crd_conformance", data=enrolled.data, version=1),)
            must(made.usable(PERSON, stored) is True, "what was enrolled can't be used")
            must(enrolled.data not in repr(enrolled), "a representation shows what only the authenticator may know")

        asyncio.run(look())

    def test_garbage_ends_no_enrolment_and_raises_nothing(self) -> None:
        """As for a sign-in."""

        async def look() -> None:
            made = self.make()
            if not isinstance(made, Enrolling) or not self.response_matters:
                return
            ctx = self.context()
            challenge = await made.begin_enrolment(ctx, PERSON, ())
            for response in _spoilt(await self.right_to_enrol(ctx, challenge)):
                verdict = await made.finish_enrolment(ctx, challenge.state, response, ())
                must(not isinstance(verdict, Exception) and verdict is not None, f"{_short(response)} gave {verdict!r}")

        asyncio.run(look())

    def test_the_person_is_read_from_a_response_without_trust(self) -> None:
        """`lookup` sees what strangers send, before anything was checked."""
        made = self.make()
        if isinstance(made, Naming):
            for text in GARBAGE:
                found = made.lookup(dict.fromkeys((made.name, "username", "credential"), text))
                must(found is None or isinstance(found, str), f"lookup() gave {found!r}")
            must(made.lookup({}) is None, "lookup() found somebody in an empty response")

    async def _ceremony(
        self, begins: Authenticator | None = None, finishes: Authenticator | None = None
    ) -> tuple[Verified | Rejected | Pending | NotMine, Sequence[StoredCredential]]:
        ctx = self.context()
        credentials = await self.credentials(ctx)
        challenge = await (begins or self.make()).begin(ctx, PERSON, credentials)
        response = await self.right(ctx, challenge, credentials)
        return await (finishes or self.make()).finish(ctx, challenge.state, response, credentials), credentials


def must(holds: bool, otherwise: str) -> None:
    """Fail a test in words.

    Raises:
        AssertionError: It does not hold.
    """
    if not holds:
        raise AssertionError(otherwise)


def _check_challenge(challenge: Challenge) -> None:
    must(isinstance(challenge, Challenge), f"begin gave {challenge!r}")
    for text in (challenge.kind, *challenge.fields):
        must(bool(NAME.match(text)), f"{text!r} has to be lower-case letters, digits and underscores")
    shown = len(json.dumps(dict(challenge.public)))
    must(shown <= _PUBLIC_BYTES, f"public has {shown} bytes; a page shows {_PUBLIC_BYTES} at most")
    must(isinstance(challenge.state, bytes), "state has to be bytes")
    size = len(challenge.state)
    must(size <= _STATE_BYTES, f"state has {size} bytes; the browser carries {_STATE_BYTES} at most")


def _spoilt(right: Mapping[str, str]) -> list[dict[str, str]]:
    return [dict(right) | {name: text} for name in right for text in GARBAGE if right[name] != text]


def _short(response: Mapping[str, str]) -> str:
    return str({name: text[:40] for name, text in response.items()})
