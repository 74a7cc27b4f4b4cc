"""The command `kling-elements`: create, find and check elements without writing Python (extra `cli`).

`start` runs the command, `app` lists the subcommands, and each module in `commands` contains one of them. `exits`
defines the exit codes, and `output` writes to stdout and stderr.
"""
