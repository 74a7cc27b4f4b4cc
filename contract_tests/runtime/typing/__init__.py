"""Programs that are read by type checkers and never run."""
