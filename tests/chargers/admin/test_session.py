from chargers.models import SignedMeterValue
from tests.factories.world import NOW


def page(manager, row):
    return manager.get(f"/admin/chargers/{row._meta.model_name}/{row.pk}/change/").content.decode()


def test_session_shows_what_its_meter_signed_and_both_ends_first(world, manager):
    session = world["chargers.Session"]
    for number in range(8):
        context = "Transaction.End" if number == 7 else "Sample.Periodic"
        row = {"community": session.community, "context": context, "received_at": NOW, "digest": number}
        SignedMeterValue.objects.create(session=session, data=f"OCMF|{number}|<sig>", **row)
    shown = page(manager, session)
    assert "OCMF|7|&lt;sig&gt;" in shown
    assert "OCMF|6|" not in shown
    assert "All 9" in shown


def test_session_without_signed_values_says_nothing_of_them(world, manager):
    SignedMeterValue.objects.all().delete()
    assert "Signed meter values</h" not in page(manager, world["chargers.Session"])


def test_signed_value_has_a_page_with_all_of_it(world, manager):
    assert "OCMF|SECRETA" in page(manager, world["chargers.SignedMeterValue"])
