"""What tests of journeys do again and again."""

from site_kit import first_form

from admit_server.flows.journeys import enrolment
from admit_server.flows.journeys.state import Asked
from admit_server.flows.runtime import Caller

CALLER = Caller(network="192.0.2.1", address="192.0.2.1")


async def give_card(site, username="alice", **response):
    """Set a card up for somebody; its credential."""
    rt = site.rt
    user = await rt.store.read.users.by_username_key(username)
    pending = await enrolment.begin_enrolment("card", user, rt=rt, now=rt.clock())
    asked = Asked("card", pending.challenge.state, pending.id, user.id)
    addition = await enrolment.finish_enrolment("card", user, asked, {"first": "1"} | response, rt=rt, caller=Caller())
    return (await enrolment.add_credential(addition, rt=rt, caller=Caller())).credential


async def answer_step(browser, location, **fields):
    """Open the page of a step and send its first form."""
    shown = await browser.get(location)
    assert shown.status_code == 200, shown.text
    return await browser.send("/sign-in", first_form(shown.text) | fields)


def go_on_with(site, browser):
    """Bring the browser to the site as its settings are now; it keeps its cookies."""
    browser.client._transport.app = site.app


async def signed_in_before(site, desk, *, requires="password and card", after_s=0):
    """A browser in which alice signed in with a password, when no more was asked."""
    desk("password")
    browser = site.browser(app=site.app)
    await browser.sign_in()
    site.clock.advance(after_s)
    desk(requires)
    go_on_with(site, browser)
    return browser
