"""If-Match: nobody's change is lost."""

import asyncio

import pytest

pytestmark = pytest.mark.anyio


async def test_a_change_has_to_say_what_it_was_made_from(api):
    answer = await api.call("PATCH", "/users/alice", {"email": None})

    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")


async def test_a_change_made_from_something_older_is_refused(api):
    old = (await api.get("/users/alice")).headers["etag"]
    await api.patch("/users/alice", {"roles": ["writer"]})

    answer = await api.call("PATCH", "/users/alice", {"email": None}, headers={"If-Match": old})

    assert (answer.status_code, answer.json()["code"]) == (412, "stale")
    assert (await api.document("/users/alice"))["email"] == "alice@example.com"
    assert (await api.call("DELETE", "/users/alice", headers={"If-Match": old})).status_code == 412


async def test_the_answer_of_a_change_carries_the_tag_of_the_next(api):
    answer = await api.patch("/users/alice", {"roles": ["writer"]})

    again = await api.call("PATCH", "/users/alice", {"roles": []}, headers={"If-Match": answer.headers["etag"]})
    assert again.status_code == 200


@pytest.mark.parametrize(("sent", "status"), [("*", 200), ('"other", {etag}', 200), ("W/{etag}", 412), ("", 412)])
async def test_tags_are_compared_as_http_says(api, sent, status):
    etag = (await api.get("/users/alice")).headers["etag"]

    answer = await api.call("PATCH", "/users/alice", {"email": None}, headers={"If-Match": sent.format(etag=etag)})

    assert answer.status_code == status


async def test_of_twenty_changes_made_from_the_same_one_is_kept(api):
    etag = (await api.get("/users/alice")).headers["etag"]

    answers = await asyncio.gather(
        *(
            api.call("PATCH", "/users/alice", {"email": f"a{n}@example.com"}, headers={"If-Match": etag})
            for n in range(20)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    [kept] = [answer.json()["email"] for answer in answers if answer.status_code == 200]
    assert (await api.document("/users/alice"))["email"] == kept


async def test_a_dry_run_compares_too(api):
    answer = await api.call("DELETE", "/users/alice?dry_run=true", headers={"If-Match": '"other"'})
    assert answer.status_code == 412

    told = (await api.delete("/users/alice?dry_run=true")).json()
    assert [event["action"] for event in told["events"]] == ["user.deleted"]
    assert (await api.get("/users/alice")).status_code == 200
