"""Whatever is encrypted is found by `rotate_field_keys`: it goes by the names of columns."""

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from drivers.models import Authenticator
from evbalancer.common.security.encryption import decrypt, encrypt
from tests.factories.world import NOW, populate

ENDING = "_encrypted"
ROOMS = ("chargers", "drivers", "evbalancer", "fleet", "grid", "pricing", "scheduling")


def encrypted_columns():
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.endswith(ENDING)
    ]


@pytest.mark.django_db
def test_every_encrypted_column_is_read_with_the_new_key_alone(settings):
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.FIELD_ENCRYPTION_KEYS = [old]
    world = populate("SECRETA")
    Authenticator.objects.create(user=world.manager, secret_encrypted="x", created_at=NOW)
    filled = []
    for model, name in encrypted_columns():
        if model._base_manager.update(**{name: encrypt(f"{model.__name__}.{name}")}):
            filled.append((model, name))
    # A row of every kind is in the world, so that no column goes untested.
    assert sorted(str(each) for each in filled) == sorted(str(each) for each in encrypted_columns())
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_field_keys", stdout=StringIO())
    settings.FIELD_ENCRYPTION_KEYS = [new]
    for model, name in filled:
        for stored in model._base_manager.values_list(name, flat=True):
            assert decrypt(stored) == f"{model.__name__}.{name}"


def targets(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of what each result of `encrypt` is given to; the line alone where it is given to nothing with a name."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "encrypt"):
            continue
        node, above = call, parents[call]
        while isinstance(above, ast.IfExp | ast.BoolOp):
            node, above = above, parents[above]
        match above:
            case ast.keyword(arg=str(name)):
                yield call.lineno, name
            case ast.Assign(targets=[ast.Attribute(attr=name)]) | ast.Assign(targets=[ast.Name(id=name)]):
                yield call.lineno, name
            case ast.Dict(keys=keys, values=values):
                key = keys[values.index(node)]
                yield call.lineno, str(getattr(key, "value", ""))
            case _:
                yield call.lineno, ""


def test_nothing_is_encrypted_beside_those_columns():
    found = []
    for room in ROOMS:
        for path in sorted(Path(settings.BASE_DIR, room).rglob("*.py")):
            text = path.read_text()
            if "encrypt(" in text and path.name != "encryption.py":
                found += [(str(path), *each) for each in targets(ast.parse(text))]
    assert found
    assert [each for each in found if not each[2].endswith(ENDING)] == []
