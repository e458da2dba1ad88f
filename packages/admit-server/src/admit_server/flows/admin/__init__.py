"""What administrators ask for. Each flow writes its audit event in its own unit of work; refusals say what to do."""
