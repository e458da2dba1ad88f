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


def test_our_own_script_stands_in_one_template_by_one_line():
    line = '<script src="{{ script_url }}" defer></script>'
    assert templates.problems(f"{PLACE}/base.html", line) == []
    assert templates.problems(f"{PLACE}/sign_in.html", line)
    assert templates.problems(f"{PLACE}/base.html", line.replace("script_url", "other_url"))
    assert templates.problems(f"{PLACE}/base.html", line.replace("></", ">go()</"))


def test_the_scripts_of_the_pages_send_keep_and_write_nothing():
    scripts = [path for path in tree.files(PLACE.replace("templates", "static")) if path.suffix == ".js"]
    assert [path.name for path in scripts] == ["passkey.js"]
    assert all(len(path.read_bytes()) < 5_000 for path in scripts)
    assert [p for path in scripts for p in templates.script_problems(path.name, tree.text_of(path) or "")] == []


@pytest.mark.parametrize(
    "line",
    [
        "part.innerHTML = words;",
        "eval(text)",
        "new Function('go')",
        "await import('/x.js')",
        "fetch('/somewhere')",
        "localStorage.setItem('a', 'b')",
        "document.querySelector('[name=password]').value",
        "const home = 'https://cdn.example';",
    ],
)
def test_a_script_that_does_more_is_refused(line):
    assert templates.script_problems("x.js", line)
