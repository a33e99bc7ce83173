"""Time in parts of equal length, on both databases."""

from typing import Any

from django.db.models import F, Func, IntegerField


class Bucket(Func):
    """Number of the bucket since 1970 that a moment lies in."""

    output_field = IntegerField()

    def __init__(self, moment: str, bucket_s: int) -> None:
        super().__init__(F(moment), bucket_s=int(bucket_s))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER) / %(bucket_s)s"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / %(bucket_s)s)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)
