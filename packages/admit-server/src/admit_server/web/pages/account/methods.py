"""`/account/totp` and `/account/recovery-codes`: ways to sign in that are added without a script. List, add, name, remove."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ....authenticators.api import Describing
from ....domain.account import SignInTooOld
from ....domain.errors import AccessDenied, AdministrationError, Busy, InvalidRequest, NotFound, TooManyTries
from ....domain.times import in_words
from ....flows.account import credentials
from ....flows.journeys.enrolment import add_credential, begin_again, begin_enrolment, finish_enrolment
from ....flows.journeys.full import require_full_sign_in
from ....flows.journeys.keeping import opened
from ....flows.journeys.state import Asked, Pending, seal_challenge, unseal_challenge
from ... import responses
from ...refused import recorded
from ...site import Site
from ..step import whose
from .entering import Visit, enter, enter_with_form
from .renaming import rename_or_remove

_OURS = frozenset({"form_token", "challenge", "label"})
_CHANGED = "The form was not sent as it was shown."


@dataclass(frozen=True, slots=True)
class Method:
    """One authenticator's two pages: the list, and `/add` below it."""

    name: str
    path: str
    template: str

    async def show(self, request: Request, site: Site) -> Response:
        """What there is."""
        visit = await enter(request, site)
        return await self._list(visit) if isinstance(visit, Visit) else visit

    async def post(self, request: Request, site: Site) -> Response:
        """Name or remove one."""
        entered = await enter_with_form(request, site)
        if isinstance(entered, Response):
            return entered
        visit, form = entered
        try:
            done = await rename_or_remove(visit, form, here=self.path, authenticator=self.name)
        except SignInTooOld:
            return visit.prove_again(full=True)
        except AdministrationError as error:
            return await self._list(visit, problem=str(error), status=400)
        if done is None:
            raise InvalidRequest(_CHANGED)
        return done

    async def show_add(self, request: Request, site: Site) -> Response:
        """The form, for who signed in a moment ago. Every load begins anew."""
        visit = await enter(request, site, fresh=True)
        if not isinstance(visit, Visit):
            return visit
        try:
            await require_full_sign_in(visit.session, rt=site.rt)
            pending = await begin_enrolment(self.name, visit.user, rt=site.rt, now=site.rt.clock())
        except SignInTooOld:
            return visit.prove_again(full=True)
        except NotFound:
            return responses.see_other(self.path)
        except AccessDenied as refusal:
            return await self._list(visit, problem=refusal.advice or str(refusal), status=400)
        return self._form(visit, pending)

    async def post_add(self, request: Request, site: Site) -> Response:
        """Judge the answer, and store what was added. What is wrong is asked for again, with the same secret."""
        entered = await enter_with_form(request, site, fresh=True)
        if isinstance(entered, Response):
            return entered
        visit, form = entered
        rt, caller = site.rt, site.caller(request)
        if not form.get("challenge"):
            raise InvalidRequest(_CHANGED)
        asked = unseal_challenge(form["challenge"], browser=visit.browser, rt=rt, now=rt.clock())
        response = {field: value for field, value in form.items() if field not in _OURS}
        label = form.get("label", "")
        try:
            await require_full_sign_in(visit.session, rt=rt)
            addition = await finish_enrolment(self.name, visit.user, asked, response, label=label, rt=rt, caller=caller)
            added = await add_credential(addition, shown_in=visit.session, rt=rt, caller=caller)
        except SignInTooOld:
            return visit.prove_again(full=True)
        except (AccessDenied, TooManyTries, Busy) as refusal:
            await recorded(refusal, request, site)
            return await self._once_more(visit, asked, refusal.advice or str(refusal), status=refusal.status)
        return visit.with_cookie(responses.see_other(self.path), added.cookie)

    async def _once_more(self, visit: Visit, asked: Asked, problem: str, *, status: int) -> Response:
        rt = visit.site.rt
        try:
            pending = await begin_again(self.name, visit.user, asked, rt=rt, now=rt.clock())
        except AccessDenied as refusal:
            return await self._list(visit, problem=refusal.advice or str(refusal), status=400)
        return self._form(visit, pending, problem=problem, status=status)

    def _form(self, visit: Visit, pending: Pending, *, problem: str = "", status: int = 200) -> Response:
        rt = visit.site.rt
        return visit.page(
            "account/method_add.html",
            http_status=status,
            problem=problem,
            kind=self.name,
            fragment=f"enrol_{pending.challenge.kind}.html",
            back=self.path,
            public=pending.challenge.public,
            whose=whose(visit.user, site=visit.site),
            challenge=seal_challenge(pending, user_id=visit.user.id, browser=visit.browser, rt=rt, now=rt.clock()),
        )

    async def _list(self, visit: Visit, *, problem: str = "", status: int = 200) -> Response:
        rt = visit.site.rt
        offered = self.name in rt.authenticators
        own = await credentials.of_person(visit.user.id, self.name, rt=rt) if offered else []
        return visit.page(
            self.template,
            http_status=status,
            problem=problem,
            offered=offered,
            here=self.path,
            own=[self._row(each, visit.site) for each in own],
        )

    def _row(self, own: credentials.OwnCredential, site: Site) -> dict[str, Any]:
        credential, authenticator = own.credential, site.rt.authenticators[self.name]
        told = (
            authenticator.describe(opened(credential, authenticator, rt=site.rt))
            if isinstance(authenticator, Describing)
            else {}
        )
        return {
            "id": credential.id,
            "label": credential.label,
            "since": in_words(credential.created_at),
            "used": in_words(credential.last_used_at) if credential.last_used_at else "",
            "is_last": own.is_last,
            "told": told,
        }


TOTP = Method("totp", "/account/totp", "account/totp.html")
RECOVERY_CODES = Method("recovery_codes", "/account/recovery-codes", "account/recovery_codes.html")
