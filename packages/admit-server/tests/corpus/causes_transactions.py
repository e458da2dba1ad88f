"""Transactions that are not asked for, approved or used as they have to be."""

import json

from corpus_kit import CALLER, Cause, Stage
from site_kit import API, answer_of, hidden_fields

from admit.limits import body_digest
from admit_server.domain.transaction import TransactionType
from admit_server.flows.admin import resources

DETAILS = "invalid_authorization_details"
GOOD = {"type": "transfer", "amount": "5", "body_sha256": body_digest(b"{}")}
WAY = {"request_method": "POST", "request_path": "/transfers", "request_body_sha256": body_digest(b"{}")}


async def ready(stage: Stage) -> None:
    types = {"transfer": TransactionType("POST /transfers", "Send {amount}")}
    change = resources.ResourceChange(transactions=types)
    await resources.update(API, change, rt=stage.site.rt, caller=CALLER)


def asked(text=None, **changes):
    async def act(stage: Stage):
        await ready(stage)
        wish = json.dumps([GOOD | changes]) if text is None else text
        return await stage.browser().authorize(authorization_details=wish)

    return act


async def refused_by_the_person(stage: Stage):
    await ready(stage)
    browser = stage.browser()
    await browser.sign_in()
    step = await browser.authorize(authorization_details=json.dumps([GOOD]))
    page = await browser.get(step.headers["location"])
    return await browser.send("/consent", hidden_fields(page.text) | {"decision": "deny"})


def used(**changes):
    async def act(stage: Stage):
        await ready(stage)
        browser = stage.browser()
        await browser.sign_in()
        step = await browser.authorize(authorization_details=json.dumps([GOOD]), scope="")
        page = await browser.get(step.headers["location"])
        answer = await browser.send("/consent", hidden_fields(page.text) | {"decision": "allow"})
        token = (await stage.site.redeem(answer_of(answer)["code"])).json()["access_token"]
        stage.keep_secret(token)
        stage.told_before = stage.site.rt.new_id("den")
        form = {"token": token, "denial_id": stage.told_before, **stage.site.proof("api"), **WAY} | changes
        return await stage.site.post("/introspect", form)

    return act


CAUSES = [
    Cause("a transaction of an unknown type", asked(type="gift"), DETAILS, DETAILS, "gift"),
    Cause("a transaction without what the person has to read", asked(json.dumps([{name: GOOD[name] for name in ("type", "body_sha256")}])), DETAILS, DETAILS, "amount"),
    Cause("a transaction without a body", asked(body_sha256=""), DETAILS, DETAILS, "body_sha256"),
    Cause("a transaction with a hidden turn of the line", asked(amount="5\u202e"), DETAILS, DETAILS, "printable"),
    Cause("two transactions", asked(json.dumps([GOOD, GOOD])), DETAILS, DETAILS, "one object"),
    Cause("a transaction that is no JSON", asked("5 EUR"), DETAILS, DETAILS, "JSON"),
    Cause("a transaction that the person refuses", refused_by_the_person, "access_denied", "consent", "said no"),
    Cause("a transaction with another body", used(request_body_sha256=body_digest(b"[]")), "inactive", "limits of the token", body_digest(b"[]"), "transaction_mismatch"),
    Cause("a transaction elsewhere", used(request_path="/all"), "inactive", "limits of the token", "/all", "action_not_allowed"),
]  # fmt: skip
