"""`kling-elements mock`: run the mock server. Its options are those of `python -m kling_elements.mock`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from kling_elements.cli.exits import CommandError, Exit

_PROGRAM = "kling-elements mock"


def command(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Run the mock server until you press Ctrl+C.

    Args:
        arguments: The options of the mock server.
    """
    from kling_elements.mock.__main__ import OptionError, StartError, run  # noqa: PLC0415 - only this command needs it

    try:
        run(arguments, _PROGRAM)
    except OptionError as error:
        raise CommandError(str(error), Exit.USAGE, f"{_PROGRAM} --help") from None
    except StartError as error:
        raise CommandError(str(error), Exit.USAGE) from None
    except SystemExit:  # after --help, or if a signal came before the start
        pass
    return Exit.DONE
