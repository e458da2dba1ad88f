"""Pages for people. They work without JavaScript."""
