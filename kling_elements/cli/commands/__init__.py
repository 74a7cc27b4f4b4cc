"""The subcommands. The function `command` of each module is what runs."""
