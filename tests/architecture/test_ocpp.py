from chargers.ocpp import schemas
from chargers.ocpp.protocol import USES
from chargers.ocpp.sockets.consumer import VERSIONS
from tests.architecture import ocpp


def test_page_is_what_the_handlers_and_writers_say() -> None:
    assert ocpp.PAGE.read_text() == ocpp.render(), "Run: python -m tests.architecture.ocpp"


def test_uses_are_of_what_is_taken_and_no_more() -> None:
    assert USES.keys() == {action for version in VERSIONS.values() for action in version.handlers}


def test_page_has_every_message_of_every_version() -> None:
    page = ocpp.PAGE.read_text()
    for version in VERSIONS.values():
        for name in schemas.names(version.package):
            action = name.removesuffix("Request")
            if not name.endswith("Response") and action != "NotifyPeriodicEventStream":
                assert f"| {action} |" in page
