"""Write the parts of docs/reference that come from the code: `.venv/bin/python tests/rules/write_reference.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from house import reference, tree


def main() -> int:
    """Rewrite every page that holds such a part, and say which changed."""
    for path in tree.files("docs"):
        text = tree.text_of(path)
        if path.suffix != ".md" or text is None or not reference.parts_of(text):
            continue
        fresh = reference.rewritten(text)
        if fresh != text:
            path.write_text(fresh, encoding="utf-8")
            print(f"wrote {tree.name_of(path)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
