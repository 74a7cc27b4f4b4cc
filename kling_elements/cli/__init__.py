"""The command `kling-elements`: create, find and check elements without writing Python (extra `cli`).

`start` runs the command, `app` lists its subcommands, and each module in `commands` has one of them, or a few that
belong together. `exits` decides the exit code, and `output` what goes to which stream.
"""
