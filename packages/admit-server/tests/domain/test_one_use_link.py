"""When a link is good."""

import pytest

from admit_server.domain.one_use_link import PATHS, LinkLives, OneUseLink


def link(**changes):
    values = {"purpose": "reset", "user_id": "usr_1", "data": "", "created_at": 0, "starts_at": 10, "expires_at": 20}
    return OneUseLink(digest=b"secret", **values | changes)


@pytest.mark.parametrize(("now", "good"), [(9, False), (10, True), (19, True), (20, False)])
def test_it_is_good_from_its_first_second_to_before_its_last(now, good):
    assert link().is_good(now) is good


def test_a_used_one_is_good_no_more():
    assert not link(used_at=12).is_good(15)


def test_what_is_shown_of_it_holds_nothing_that_opens_a_door():
    assert "secret" not in repr(link(data="secret"))


def test_each_purpose_has_a_page_of_its_own():
    assert len(set(PATHS.values())) == len(PATHS)
    assert LinkLives().reset_s <= 3600
