"""Find the webhook secrets. They are never arguments, because every user of a machine can list arguments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from kling_elements.cli.exits import CommandError, Exit
from kling_elements.webhooks import WebhookUsageError, check_secrets

VARIABLE = "KLING_WEBHOOK_SECRET"
_MAX_SECRET_FILE_CHARACTERS = 1 << 16  # a secret has less than 100
SecretFile: TypeAlias = Annotated[
    Path | None,
    Parameter(
        help="A file with the webhook secret of your account; while you rotate secrets, with one on each line. "
        f"By default the secret comes from the environment variable {VARIABLE}."
    ),
]


def find(secret_file: Path | None, alternative: str = "") -> list[str]:
    """Return the secrets from a file or from the environment.

    Args:
        secret_file: The file, or None for the environment.
        alternative: Advice for users without a secret, for the error message.

    Raises:
        CommandError: There is no secret, a secret is malformed, or the file cannot be read.
    """
    source = f"the environment variable {VARIABLE}" if secret_file is None else str(secret_file)
    secrets = (os.environ.get(VARIABLE, "") if secret_file is None else _read(secret_file)).split()
    if not secrets:
        ways = f"set the environment variable {VARIABLE}, or pass --secret-file FILE{alternative}"
        raise CommandError(f"there is no webhook secret: {ways}", Exit.USAGE)
    try:
        check_secrets(secrets)
    except WebhookUsageError as error:
        raise CommandError(f"{source}: {error}", Exit.USAGE) from None
    return secrets


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_MAX_SECRET_FILE_CHARACTERS)
    except OSError as error:
        raise CommandError(f"{path}: the webhook secret cannot be read: {error.strerror}", Exit.USAGE) from error
    except UnicodeError:
        raise CommandError(f"{path}: must contain only webhook secrets, one on each line", Exit.USAGE) from None
