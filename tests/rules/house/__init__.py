"""The house rules, executable. One rule, one file; each returns what is wrong, as lines for people."""
