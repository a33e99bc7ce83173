"""Whether it is the database that is in trouble, or what was asked of it."""

from django.db import DatabaseError, InterfaceError, connection


def database_answers() -> bool:
    """Whether this thread's connection works, or a new one does."""
    try:
        connection.ensure_connection()
        return connection.is_usable()
    except (DatabaseError, InterfaceError):
        return False
