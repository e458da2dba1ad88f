"""Templates of the pages."""

import pytest
from house import templates, tree

PLACE = "packages/admit-server/src/admit_server/web/templates"


def test_the_pages_carry_no_code_and_escape_everything():
    pages = [path for path in tree.files(PLACE) if path.suffix == ".html"]
    assert len(pages) >= 6
    assert [p for path in pages for p in templates.problems(tree.name_of(path), tree.text_of(path) or "")] == []


@pytest.mark.parametrize(
    "line",
    [
        "<script>alert(1)</script>",
        "<p style='color: red'>",
        "<STYLE>",
        "<button onclick='go()'>",
        "{{ name|safe }}",
        "{{ name | safe }}",
        "{% autoescape false %}",
        "<a href='javascript:go()'>",
        '<img src="//cdn.example/x.png">',
    ],
)
def test_a_page_with_code_or_raw_text_is_refused(line):
    assert templates.problems("page.html", line)
