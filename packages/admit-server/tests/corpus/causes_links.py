"""Links that work once, and do not work."""

from corpus_kit import CALLER, Cause, Stage
from site_kit import SAME_ORIGIN, hidden_fields

from admit_server.flows.admin import inviting, users
from admit_server.flows.links import new_link
from admit_server.flows.new_password import password_credential
from admit_server.tokens import opaque

NEW = "entirely other words now"


async def invited(stage: Stage, **changes):
    """Somebody new with an invitation; its path."""
    name = f"invited-{stage.number}"
    await users.add(users.NewUser(username=name), rt=stage.site.rt, caller=CALLER)
    made = await inviting.invite(name, rt=stage.site.rt, caller=CALLER)
    stage.keep_secret(made.url.rpartition("=")[2], NEW)
    return name, made.url.removeprefix(stage.site.rt.issuer)


async def sent(stage: Stage, path, *, browser=None):
    browser = browser or stage.browser()
    shown = await browser.get(path)
    return browser, hidden_fields(shown.text) | {"password": NEW}


async def used(stage: Stage):
    _, path = await invited(stage)
    browser, form = await sent(stage, path)
    assert (await browser.send("/invitation", form)).status_code == 200
    return await browser.get(path)


async def used_in_the_form(stage: Stage):
    _, path = await invited(stage)
    browser, form = await sent(stage, path)
    assert (await browser.send("/invitation", form)).status_code == 200
    return await browser.send("/invitation", form)


async def too_old(stage: Stage):
    _, path = await invited(stage)
    stage.site.clock.advance(7 * 86_400)
    return await stage.browser().get(path)


async def replaced(stage: Stage):
    name, path = await invited(stage)
    await inviting.invite(name, rt=stage.site.rt, caller=CALLER)
    return await stage.browser().get(path)


async def of_somebody_disabled(stage: Stage):
    name, path = await invited(stage)
    await users.disable(name, rt=stage.site.rt, caller=CALLER)
    return await stage.browser().get(path)


async def after_a_password_came(stage: Stage):
    name, path = await invited(stage)
    rt, user = stage.site.rt, await users.find(name, rt=stage.site.rt)
    fresh = await password_credential(user, NEW, rt=rt, now=rt.clock())
    await rt.store.write(lambda tx: tx.credentials.put(fresh))
    return await stage.browser().get(path)


async def without_a_password(stage: Stage):
    name, _ = await invited(stage)
    rt, user = stage.site.rt, await users.find(name, rt=stage.site.rt)
    made = new_link("reset", user_id=user.id, lives_s=60, rt=rt, now=rt.clock())
    await rt.store.write(lambda tx: tx.links.add(made.link))
    stage.keep_secret(made.url.rpartition("=")[2])
    return await stage.browser().get(made.url.removeprefix(rt.issuer))


async def too_early(stage: Stage):
    name = f"recovered-{stage.number}"
    await users.add(users.NewUser(username=name), rt=stage.site.rt, caller=CALLER)
    made = await inviting.recover(name, by_mail=False, rt=stage.site.rt, caller=CALLER)
    stage.keep_secret(made.url.rpartition("=")[2])
    return await stage.browser().get(made.url.removeprefix(stage.site.rt.issuer))


def opened(path):
    async def act(stage: Stage):
        return await stage.browser().get(path)

    return act


async def another_purpose(stage: Stage):
    _, path = await invited(stage)
    return await stage.browser().get(path.replace("/invitation", "/reset"))


async def never_made(stage: Stage):
    return await stage.browser().get("/reset?link=" + opaque.mint("rst", b"n" * 32))


async def from_another_site(stage: Stage):
    _, path = await invited(stage)
    browser, form = await sent(stage, path)
    return await browser.send("/invitation", form, SAME_ORIGIN | {"Sec-Fetch-Site": "cross-site"})


async def in_another_browser(stage: Stage):
    _, path = await invited(stage)
    _, form = await sent(stage, path)
    other = stage.browser()
    await other.get(path)
    return await other.send("/invitation", form)


ENDED, DENIED = "link_ended", "access_denied"
CAUSES = [
    Cause("a link that was used", used, ENDED, "link", "used 0 s ago"),
    Cause("a form of a link that was sent twice", used_in_the_form, ENDED, "link", "used 0 s ago"),
    Cause("a link that is too old", too_old, ENDED, "link", "ended 0 s ago"),
    Cause("a link after a newer one", replaced, ENDED, "link", "removed since"),
    Cause("a link of somebody disabled", of_somebody_disabled, ENDED, "user", "disabled"),
    Cause("an invitation of somebody who can sign in", after_a_password_came, ENDED, "ways to sign in", "by now"),
    Cause("a reset of nobody's password", without_a_password, ENDED, "password", "none any more"),
    Cause("a way back before its time", too_early, ENDED, "link", "good in 3600 s"),
    Cause("no link", opened("/reset"), ENDED, "link", "another text"),
    Cause("a link that was cut off", opened("/invitation?link=adm_inv_abc"), ENDED, "link", "another text"),
    Cause("a link for another page", another_purpose, ENDED, "link", "another text"),
    Cause("a link that nobody made", never_made, ENDED, "link", "unknown"),
    Cause("a link to an address that nobody made", opened("/address?link=adm_adr_x"), ENDED, "link", "another text"),
    Cause("a form of a link from another site", from_another_site, DENIED, DENIED, "cross-site"),
    Cause("a form of a link in another browser", in_another_browser, DENIED, DENIED, "form token"),
]  # fmt: skip
