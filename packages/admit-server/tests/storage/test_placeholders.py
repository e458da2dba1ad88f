"""`:name` becomes `$n`, and nothing else does."""

import pytest

from admit_server.storage.placeholders import numbered


@pytest.mark.parametrize(
    ("sql", "text", "names"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("a = :a AND b = :b", "a = $1 AND b = $2", ("a", "b")),
        ("a = :a OR b = :b OR c = :a", "a = $1 OR b = $2 OR c = $1", ("a", "b")),
        (":a :ab :a_1", "$1 $2 $3", ("a", "ab", "a_1")),
        ("(:now,:now+:ttl)", "($1,$1+$2)", ("now", "ttl")),
        ("x::text = :x::text", "x::text = $1::text", ("x",)),
        ("a = ':no' AND b = :yes", "a = ':no' AND b = $1", ("yes",)),
        ("a = 'it''s :no' AND b = :yes", "a = 'it''s :no' AND b = $1", ("yes",)),
        (r"a = E'\' :no' AND b = :yes", r"a = E'\' :no' AND b = $1", ("yes",)),
        (r"a = '\' AND b = :yes", r"a = '\' AND b = $1", ("yes",)),
        ('":no" = :yes', '":no" = $1', ("yes",)),
        ("$$ :no $$ = :yes", "$$ :no $$ = $1", ("yes",)),
        ("$q$ :no $$ :no $q$ = :yes", "$q$ :no $$ :no $q$ = $1", ("yes",)),
        ("-- don't :no\n:yes", "-- don't :no\n$1", ("yes",)),
        ("/* it's\n:no */ :yes", "/* it's\n:no */ $1", ("yes",)),
        ("a[1:2] = :yes", "a[1:2] = $1", ("yes",)),
        ("12:30 :yes", "12:30 $1", ("yes",)),
    ],
)
def test_only_parameters_are_numbered(sql, text, names):
    spelled = numbered(sql)

    assert spelled.text == text
    assert spelled.names == names


def test_more_than_nine_names_keep_their_numbers():
    names = [f"n{number}" for number in range(12)]

    spelled = numbered(" ".join(f":{name}" for name in [*names, *names]))

    assert spelled.text == " ".join(f"${number}" for number in [*range(1, 13), *range(1, 13)])


def test_a_text_is_compiled_once():
    assert numbered("SELECT :once") is numbered("SELECT :once")
