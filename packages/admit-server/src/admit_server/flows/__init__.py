"""Use-cases: one file for each thing that somebody asks for. They know ports and domain, no HTTP and no SQL."""
