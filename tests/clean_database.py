"""How a transactional test leaves its database: without its rows.

Django flushes by TRUNCATE of all tables, which costs PostgreSQL a new file for each of some hundred, and then makes permissions and
content types anew: one to two seconds a test. Deleting what is there takes milliseconds. No migration of ours brings rows along, so what
the migrations left is nothing but Django's own books, and those are kept.
"""

from django.db import DEFAULT_DB_ALIAS, connections, transaction

KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def delete_all_rows() -> None:
    """All foreign keys are deferred: within one transaction the order of the tables does not matter."""
    connection = connections[DEFAULT_DB_ALIAS]
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
    with transaction.atomic(), connection.cursor() as cursor:
        statements = [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]
        if connection.vendor == "postgresql":
            # One round trip.
            cursor.execute("".join(statements))
            return
        for statement in statements:
            cursor.execute(statement)
