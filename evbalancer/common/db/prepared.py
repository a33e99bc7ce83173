"""Queries that are written once and asked often.

Building a query and compiling it costs Django several times what the database takes to answer it. A prepared query is compiled at
its first use; later uses bind values, execute, and read the same rows as the query itself would.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, update_wrapper
from typing import Annotated, Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import Expression
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)

from evbalancer.common.db.rows import adapt_value

R = TypeVar("R")
Row = Sequence[Any]

# What the arguments of a prepared query are: a value, never None; or a collection of them, for `__in`.
One = Annotated[Any, "one"]
Several = Annotated[Any, "several"]


def prepared(build: Callable[..., models.QuerySet[Any, R]]) -> "Prepared[R]":
    """Make of a function that builds a query one that answers it with a list.

        @prepared
        def _circuits_in_use(cluster_id: One) -> QuerySet[Circuit]:
            return Circuit.objects.filter(cluster=cluster_id, retired_at=None)

        circuits = _circuits_in_use(cluster_id=cluster.pk)

    The function is called once, with stand-ins for its arguments, so it can only pass them to lookups. `=None` is another query
    than `=value`, and belongs into the function.
    """
    return Prepared(build)


class Prepared(Generic[R]):
    """A query that is compiled once for each kind of database."""

    def __init__(self, build: Callable[..., models.QuerySet[Any, R]]) -> None:
        self._build = build
        self._plans: dict[str, _Plan] = {}
        update_wrapper(self, build)

    def __call__(self, **values: Any) -> list[R]:
        return self._plan().answer(values)

    def raw(self, **values: Any) -> list[Row]:
        """The rows as the database tells them, to be compared with others of the same query."""
        return self._plan().fetch(values)

    def first(self, **values: Any) -> R | None:
        """Of a query that finds one row at most."""
        return next(iter(self(**values)), None)

    def _plan(self) -> "_Plan":
        plan = self._plans.get(connection.vendor)
        if plan is None:
            plan = self._plans[connection.vendor] = _Plan(self._build(**self._stand_ins))
        return plan

    @cached_property
    def _stand_ins(self) -> Mapping[str, "_StandIn"]:
        arguments = inspect.signature(self._build).parameters.items()
        return {name: _StandIn(name, is_several=one.annotation == Several) for name, one in arguments}


class _StandIn(Expression):
    """In place of a value, in a query that is compiled before its values are known."""

    def __init__(self, name: str, *, is_several: bool) -> None:
        super().__init__(output_field=models.Field())
        self.name = name
        # Text that no query has: it is replaced by as many placeholders as there are values.
        self.mark = f"\x01{name}\x01" if is_several else ""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self.mark or "%s", [self]


class _Plan:
    """A compiled query: its text, where its values go, and how its rows are read."""

    def __init__(self, query: models.QuerySet[Any, Any]) -> None:
        compiler = query.query.get_compiler(connection=connection)
        self._sql, params = compiler.as_sql()
        self._params = tuple(params)
        self._compiler = compiler
        self._converters = compiler.get_converters(
            [column[0] for column in compiler.select[: compiler.col_count]]
        )
        self._read = _reader(query, compiler)

    def answer(self, values: Mapping[str, Any]) -> list[Any]:
        rows = self.fetch(values)
        return self._read(self._compiler.apply_converters(rows, self._converters)) if rows else []

    def fetch(self, values: Mapping[str, Any]) -> list[Row]:
        sql, params = self._sql, []
        for param in self._params:
            if not isinstance(param, _StandIn):
                params.append(param)
            elif not param.mark:
                params.append(adapt_value(values[param.name]))
            else:
                several: Collection[Any] = values[param.name]
                if not several:
                    return []
                sql = sql.replace(param.mark, ", ".join(["%s"] * len(several)))
                params.extend(map(adapt_value, several))
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows: list[Row] = cursor.fetchall()
        return rows


def _reader(query: models.QuerySet[Any, Any], compiler: Any) -> Callable[[Any], list[Any]]:
    """What Django's own iterables do with a row, without asking each time how."""
    width = compiler.col_count
    kind = query._iterable_class  # noqa: SLF001 (there is no other way to learn what a query yields)
    if kind is ModelIterable:
        make = _model_maker(compiler)
        return lambda rows: list(map(make, rows))
    if kind is FlatValuesListIterable:
        return lambda rows: [row[0] for row in rows]
    if kind is ValuesListIterable:
        return lambda rows: [tuple(row[:width]) for row in rows]
    raise TypeError(f"a prepared query can't yield what {kind.__name__} does")


def _model_maker(compiler: Any) -> Callable[[Row], models.Model]:
    klass_info, annotations = compiler.klass_info, compiler.annotation_col_map or {}
    model, alias, select = klass_info["model"], compiler.connection.alias, compiler.select
    first, last = klass_info["select_fields"][0], klass_info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[first:last]]
    # The stubs describe Django 6.0, where there is a fetch mode.
    populators = get_related_populators(klass_info, select, alias)  # type: ignore[call-arg]

    def make(row: Row) -> models.Model:
        made: models.Model = model.from_db(alias, names, row[first:last])
        for populator in populators:
            populator.populate(row, made)
        for name, place in annotations.items():
            setattr(made, name, row[place])
        return made

    return make
