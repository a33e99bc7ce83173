"""An app's rows are written by that app alone (docs/adr/0091)."""

from tests.architecture import writers

# The demo, the drill and the sites of lives build whole installations from nothing; readiness writes and removes one row to see whether that works.
BUILDERS = ("evbalancer/demo/", "evbalancer/life/sites/", "evbalancer/ops/drill/", "evbalancer/ops/health.py")


def test_only_the_app_of_a_model_writes_its_rows():
    found = {write for write in writers.foreign_writes() if not write.path.startswith(BUILDERS)}
    assert found == set()


def test_foreign_write_is_found_through_a_name_too():
    tree = writers.ast.parse("rows = Session.objects.filter(pk=1)\nrows.exclude(state='x').update(state='y')")
    assert set(writers._written(tree)) == {"Session"}


def test_builders_still_need_their_exception():
    builders = {write.path for write in writers.foreign_writes() if write.path.startswith(BUILDERS)}
    assert all(any(path.startswith(builder) for path in builders) for builder in BUILDERS)
