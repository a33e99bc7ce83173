"""The environment, in which `NAME_FILE` may name a file that holds the value of NAME, as Docker's secrets and systemd's credentials do."""

from typing import Final

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class _Files(FileAwareMapping):  # type: ignore[misc]
    def __getitem__(self, key: str) -> str:
        """Raises ImproperlyConfigured if the file can't be read; KeyError if there is neither file nor value."""
        try:
            value: str = super().__getitem__(key)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ImproperlyConfigured(f"{key}_FILE names a file that can't be read: {why}.") from error
        # What writes such files often ends the line; no value of ours ends so.
        return value.rstrip("\r\n")


class Environment(environ.Env):  # type: ignore[misc]
    ENVIRON: Final = _Files()
