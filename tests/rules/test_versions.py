"""One version, one licence."""

from house import tree, versions

PLACES = (
    "packages/admit/pyproject.toml",
    "packages/admit-server/pyproject.toml",
    "packages/admit-browser/package.json",
    "packages/admit/src/admit/__init__.py",
    "CHANGELOG.md",
)


def read(name: str) -> str:
    return (tree.ROOT / name).read_text(encoding="utf-8")


def test_all_parts_have_one_version():
    stated = versions.stated({name: read(name) for name in PLACES})
    assert len(stated) == len(PLACES) + 1
    assert versions.problems(stated) == []


def test_a_part_with_another_version_is_refused():
    texts = {
        "a/pyproject.toml": '[project]\nversion = "1.0"\ndependencies = ["admit==0.9"]\n',
        "CHANGELOG.md": "# Changes\n\n## 1.0 (today)\n",
    }
    assert "a/pyproject.toml, its dependency admit says 0.9" in versions.problems(versions.stated(texts))


def test_the_licence_is_there_and_named_everywhere():
    manifests = {name: read(name) for name in PLACES[:3]}
    modules = {
        tree.name_of(p): tree.text_of(p) or ""
        for p in tree.files("packages/admit-browser")
        if p.suffix in (".js", ".ts")
    }
    assert len(modules) >= 2
    assert versions.licence_problems(read("LICENSE"), manifests, modules) == []


def test_a_missing_licence_is_refused():
    found = versions.licence_problems("MIT", {"package.json": '{"license": "MIT"}'}, {"a.js": "// a module"})
    assert len(found) == 3
