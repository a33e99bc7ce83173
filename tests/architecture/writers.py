"""Which models belong to which app, and which code writes another app's."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from tests.architecture.source import PACKAGES, files, name_of, tree_of

WRITES = {
    "abulk_create",
    "acreate",
    "aupdate",
    "bulk_create",
    "bulk_update",
    "create",
    "delete",
    "get_or_create",
    "update",
    "update_or_create",
}


class Write(NamedTuple):
    """A call that writes rows of `model`, which is `owner`'s, in `path`."""

    path: str
    model: str
    owner: str


def owners() -> dict[str, str]:
    """The app of each model, by the model's name."""
    return {
        node.name: app
        for app in PACKAGES
        for path in files(f"{app}/models")
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef)
    }


def foreign_writes() -> set[Write]:
    """Writes through a manager (`Model.objects...`) in an app that the model is not of."""
    owner_of = owners()
    return {
        Write(name_of(path), model, owner_of[model])
        for app in PACKAGES
        for path in files(app)
        for model in _written(tree_of(path))
        if owner_of.get(model, app) != app
    }


def _written(tree: ast.Module) -> Iterator[str]:
    named = dict(_querysets(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            root = _root(node.func.value)
            if root is not None:
                yield named.get(root, root)


def _querysets(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names that a queryset of a model was bound to: `rows = Model.objects.filter(...)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            model = _root(node.value)
            if model is not None and model[:1].isupper():
                yield node.targets[0].id, model


def _root(node: ast.expr) -> str | None:
    """`Model` of `Model.objects.filter(...)`, `rows` of `rows.filter(...)`."""
    while True:
        match node:
            case ast.Call(func=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Name(id=name):
                return name
            case _:
                return None
