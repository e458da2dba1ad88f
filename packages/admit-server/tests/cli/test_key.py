"""`admit key`."""


def test_one_key_of_each_algorithm_signs(admit):
    keys = admit("key", "list", "--json").json()

    assert [(key["alg"], key["state"]) for key in keys] == [("ES256", "active"), ("RS256", "active")]
    assert "sealed" not in admit("key", "list").out


def test_a_rotation_waits_until_everybody_can_know_the_key(admit):
    done = admit("key", "rotate", "--json").json()

    states = {key["kid"]: key["state"] for key in admit("key", "list", "--json").json()}
    assert (done["alg"], states[done["kid"]], states[done["replaces"]]) == ("ES256", "next", "active")
    under_way = admit("key", "rotate")
    assert under_way.code == 1
    assert "under way" in under_way.err


def test_in_an_emergency_the_new_key_signs_at_once(admit):
    done = admit("key", "rotate", "--alg", "es256", "--at-once", "--json").json()

    states = {key["kid"]: key["state"] for key in admit("key", "list", "--json").json()}
    assert (states[done["kid"]], states[done["replaces"]]) == ("active", "retiring")


def test_an_unknown_algorithm_is_refused(admit):
    answer = admit("key", "rotate", "--alg", "none")

    assert answer.code == 1
    assert "ES256, RS256" in answer.err


def test_a_key_that_leaked_is_retired_and_the_next_one_signs(admit):
    [before] = [
        k["kid"] for k in admit("key", "list", "--json").json() if (k["alg"], k["state"]) == ("ES256", "active")
    ]

    done = admit("key", "retire", before, "--json").json()

    [after] = [k["kid"] for k in admit("key", "list", "--json").json() if (k["alg"], k["state"]) == ("ES256", "active")]
    assert (done["retired"], done["kid"]) == (before, after)
    assert "out of use already" in admit("key", "retire", before).err
    assert "no key" in admit("key", "retire", "nothing").err
