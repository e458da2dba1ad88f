"""A source is asked the short way only where it says so itself."""

from admit.told import always, never, told


class Ours:
    def find(self):
        return "ours"

    def settled(self):
        return "settled"


class Stricter(Ours):
    def find(self):
        return "theirs"


class Both(Stricter):
    def settled(self):
        return "settled too"


def test_a_source_tells_what_its_class_tells():
    assert told(Ours(), "settled", beside="find")() == "settled"
    assert told(Both(), "settled", beside="find")() == "settled too"


def test_a_class_that_refuses_more_does_not_inherit_the_short_way():
    assert told(Stricter(), "settled", beside="find") is None


def test_an_object_that_was_changed_by_hand_does_not_have_it_either():
    changed = Ours()
    changed.find = lambda: "other"

    assert told(changed, "settled", beside="find") is None


def test_a_source_without_either_tells_nothing():
    assert told(object(), "settled", beside="find") is None


def test_of_what_is_not_told_nothing_is_known_and_of_no_revocations_all():
    assert (never(), always()) == (None, 0)
