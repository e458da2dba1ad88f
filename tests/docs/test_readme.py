"""Every block of the documents for readers is run, in order, against real servers. What nothing would test is refused."""

import pytest
from blocks import BadBlock, Block, blocks_of
from workshop import PORTS, ROOT, BlockFailed, Workshop, unlike

# A document starts servers and runs dozens of commands; on a busy machine that is minutes.
pytestmark = pytest.mark.timeout(600)

DOCUMENTS = [
    "README.md",
    "packages/admit-server/README.md",
    "examples/README.md",
    *sorted(
        path.relative_to(ROOT).as_posix()
        for folder in ("tutorial", "howto")
        for path in (ROOT / "docs" / folder).glob("*.md")
    ),
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_of_the_document_does_what_it_says(document, workshop):
    for block in blocks_of(document, (ROOT / document).read_text(encoding="utf-8")):
        workshop.do(block)


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nls\n```\n",
        "<!-- test: shown a listing -->\n```sh\nls\n```\n",
        "<!-- test: shown -->\n```text\nls\n```\n",
        "<!-- test: skip -->\n```sh\nls\n```\n",
        "<!-- test: file -->\n```python\nx = 1\n```\n",
        "<!-- test: run -->\n\n```sh\nls\n```\n",
    ],
)
def test_a_block_that_nothing_would_test_is_refused(text):
    with pytest.raises(BadBlock):
        blocks_of("page.md", text)


def test_a_block_inside_a_list_is_found_and_unindented():
    (block,) = blocks_of("page.md", "1. one\n   <!-- test: run -->\n   ```sh\n   ls\n   ```\n")
    assert (block.text, block.line) == ("ls\n", 3)


def made(kind: str, text: str, detail: str = "") -> Block:
    return Block("page.md", 1, "sh", kind, detail, text)


@pytest.mark.parametrize(
    "blocks",
    [
        [made("run", "exit 3")],
        [made("run", "false\ntrue")],
        [made("python", "raise SystemExit(1)")],
        [made("run", "echo one"), made("output", "two")],
        [made("settings", "[server]\nprot = 1\n")],
        [made("make", "make tea")],
        [made("demo", "make something")],
        [made("parts", "x", "tests/docs/test_readme.py::test_that_is_not_there")],
    ],
)
def test_a_block_that_fails_or_prints_something_else_is_refused(blocks, workshop):
    for block in blocks[:-1]:
        workshop.do(block)
    with pytest.raises(BlockFailed):
        workshop.do(blocks[-1])


def test_a_block_runs_with_the_ports_of_the_test_and_keeps_its_variables(workshop: Workshop):
    workshop.do(made("run", "page=http://127.0.0.1:8101/"))
    workshop.do(made("run", 'echo "open $page"'))
    workshop.do(made("output", "open http://127.0.0.1:8101/"))
    assert workshop.here("8101") not in PORTS


def test_shown_output_may_leave_out_lines_and_parts_but_not_change_their_order():
    assert unlike("one …\nthree", "one and a half\ntwo\nthree\n") == ""
    assert unlike("three\none", "one\nthree\n") != ""
