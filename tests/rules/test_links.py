"""Links between documents."""

import pytest
from house import links, tree

PAGES = {"docs/a.md": "# A heading: `one`\n", "README.md": ""}


def check(text: str) -> list[str]:
    return links.problems("docs/page.md", text, read=PAGES.get, exists=lambda name: name in PAGES or name == "docs")


def test_every_link_between_documents_leads_somewhere():
    found = [
        problem
        for path in tree.files()
        if path.suffix == ".md"
        for problem in links.problems(
            tree.name_of(path),
            tree.text_of(path) or "",
            read=lambda name: tree.text_of(tree.ROOT / name),
            exists=lambda name: (tree.ROOT / name).exists(),
        )
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("target", ["b.md", "../b.md", "a.md#another", "#nowhere", "../../outside.md"])
def test_a_link_that_leads_nowhere_is_refused(target):
    assert check(f"see [this]({target})")


def test_a_picture_that_is_not_there_is_refused():
    assert check('<img src="picture.svg" alt="">')


@pytest.mark.parametrize(
    "target", ["a.md", "a.md#a-heading-one", "../README.md", ".", "https://example.com/x", "mailto:a@example.com"]
)
def test_a_good_link_passes(target):
    assert check(f"see [this]({target}), not `[that](nowhere.md)`") == []
