"""`make bench-peers`: the library and its peers on the same tokens, in turn, in one run.

Each contestant is a process of its own in an environment of its own (`.venv-peers`), pinned to one core, and asked over pipes
(`worker`). A contestant that takes a bad token is not timed. Prints a table and one JSON document, and writes
docs/reference/performance.md. Read ratios, not figures: what is compared was measured within the same second.
"""
