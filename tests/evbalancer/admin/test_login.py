import pytest
from django.test import Client

from drivers.models import User
from evbalancer.common.security import lockout

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery"


def attempt(username="operator-x", password="wrong", address="10.0.0.1"):
    return Client(REMOTE_ADDR=address).post(LOGIN, {"username": username, "password": password})


def locked(response) -> bool:
    return b"Too many failed attempts" in response.content


@pytest.fixture(autouse=True)
def _operator(db):
    User.objects.create_superuser("operator-x", "op@example.org", PASSWORD)


@pytest.mark.promise("S14")
def test_sign_in_locks_after_five_failures_and_the_right_password_is_refused_too():
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS):
        assert not locked(attempt())
    assert locked(attempt())
    assert locked(attempt(password=PASSWORD))
    assert locked(attempt(username="OPERATOR-X", password=PASSWORD))


@pytest.mark.promise("S14")
def test_sign_in_is_locked_for_the_attacker_and_not_for_the_person_elsewhere():
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS + 1):
        attempt()
    assert attempt(password=PASSWORD, address="10.0.0.2").status_code == 302


@pytest.mark.promise("S14")
def test_address_that_tries_many_names_is_locked():
    for number in range(lockout.MOST_AT_ADDRESS):
        attempt(username=f"name-{number}")
    assert locked(attempt(username="operator-x", password=PASSWORD))


@pytest.mark.promise("S14")
def test_name_that_is_tried_from_many_addresses_is_locked():
    for number in range(lockout.MOST_FOR_NAME):
        attempt(address=f"10.1.0.{number}")
    assert locked(attempt(password=PASSWORD, address="10.2.0.1"))


def test_success_forgets_the_typing_errors_before_it():
    for _ in range(3):
        for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS - 1):
            attempt()
        assert attempt(password=PASSWORD).status_code == 302


@pytest.mark.promise("S14")
def test_the_other_sign_in_page_shares_the_lock():
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS):
        attempt()
    response = Client(REMOTE_ADDR="10.0.0.1").post("/login", {"username": "operator-x", "password": PASSWORD})
    assert locked(response)


def test_sign_in_without_a_page_to_go_on_to_leads_to_the_front_page():
    assert attempt(password=PASSWORD)["Location"] == "/admin/"
