"""Every place that checks a password counts by the same rule, before it judges."""

import logging
import threading

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from drivers.models import User
from evbalancer.common.security import lockout
from evbalancer.common.security.lockout import MOST_FOR_NAME_AT_ADDRESS, LockedOut, judging
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import PASSWORD, DriverFactory

pytestmark = pytest.mark.promise("S14")
WRONG = "not the password"


@pytest.fixture
def user(db):
    return DriverFactory().user


def by_token(user, password):
    body = {"username": user.username, "password": password}
    return APIClient().post("/auth/token", body, format="json")


def by_page(user, password):
    return Client().post("/login", {"username": user.username, "password": password})


def by_admin(user, password):
    return Client().post("/admin/login/", {"username": user.username, "password": password})


def by_erasing(user, password):
    return client_of(user).post("/drivers/data", {"password": password}, format="json")


def by_change(user, password):
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(user)
    new = "an altogether other phrase"
    data = {"old_password": password, "new_password1": new, "new_password2": new}
    return client.post("/admin/password_change/", data)


DOORS = [by_token, by_page, by_admin, by_erasing, by_change]


def is_locked(response) -> bool:
    return b"Too many failed attempts" in response.content


@pytest.mark.parametrize("door", DOORS)
def test_every_door_locks_and_then_refuses_the_right_password_too(user, door):
    for _ in range(MOST_FOR_NAME_AT_ADDRESS):
        assert not is_locked(door(user, WRONG))
    assert is_locked(door(user, PASSWORD))
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.is_active


@pytest.mark.parametrize("door", [by_page, by_token, by_erasing])
def test_doors_share_the_count(user, door):
    for _ in range(MOST_FOR_NAME_AT_ADDRESS):
        by_token(user, WRONG)
    assert is_locked(door(user, PASSWORD))


@pytest.mark.parametrize("disguise", ["{0}", " {0} "])
def test_name_in_another_dress_is_the_same_name(user, disguise):
    for _ in range(MOST_FOR_NAME_AT_ADDRESS):
        by_token(user, WRONG)
    body = {"username": disguise.format(user.username.upper()), "password": PASSWORD}
    assert_problem(APIClient().post("/auth/token", body, format="json"), 429, "locked_out")


def test_refusals_and_locks_are_logged_without_the_name(user, caplog):
    with caplog.at_level(logging.WARNING, lockout.__name__):
        for _ in range(MOST_FOR_NAME_AT_ADDRESS + 1):
            by_token(user, WRONG)
    said = [record.getMessage() for record in caplog.records if record.name == lockout.__name__]
    assert said == ["A password from 127.0.0.1 was refused"] * MOST_FOR_NAME_AT_ADDRESS + [
        "A password from 127.0.0.1 was not looked at: locked out"
    ]


def test_of_many_guesses_at_once_only_so_many_are_judged():
    judged, refused, everybody = [], [], threading.Barrier(30)

    def refuse():
        raise ValidationError("wrong")

    def guess():
        everybody.wait()
        try:
            with judging("somebody", "10.0.0.9"):
                judged.append(1)
                refuse()
        except ValidationError:
            pass
        except LockedOut:
            refused.append(1)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(judged), len(refused)) == (MOST_FOR_NAME_AT_ADDRESS, 30 - MOST_FOR_NAME_AT_ADDRESS)


def test_right_password_costs_nobody_else_at_the_address_an_attempt():
    for number in range(lockout.MOST_AT_ADDRESS * 2):
        with judging(f"neighbour-{number}", "10.0.0.9"):
            pass


def test_fault_of_ours_is_no_guess():
    for _ in range(MOST_FOR_NAME_AT_ADDRESS * 2):
        with pytest.raises(RuntimeError), judging("somebody", "10.0.0.9"):
            raise RuntimeError


def test_one_account_is_one_whatever_it_is_called(user):
    User.objects.filter(pk=user.pk).update(email="ada@example.org")
    for name in (user.username, user.username.upper(), "ada@example.org", "ADA@Example.org", user.username):
        by = Client().post("/login", {"username": name, "password": WRONG})
        assert not is_locked(by)
    assert is_locked(Client().post("/login", {"username": "Ada@example.org", "password": PASSWORD}))
    assert by_token(user, PASSWORD).status_code == 429


def test_lock_of_an_account_is_in_the_trail_once_and_one_of_nobody_never(user):
    for _ in range(MOST_FOR_NAME_AT_ADDRESS + 3):
        by_page(user, WRONG)
        Client().post("/login", {"username": "nobody", "password": WRONG})
    entry = AuditEntry.objects.get(action="user.locked_out")
    assert (entry.target_id, entry.after) == (str(user.pk), {"address": "127.0.0.1"})


def test_account_is_found_by_its_address_and_in_any_case(user):
    User.objects.filter(pk=user.pk).update(email="ada@example.org")
    assert Client().post("/login", {"username": "ADA@example.org", "password": PASSWORD}).status_code == 302
    assert by_token(User(username=user.username.upper()), PASSWORD).status_code == 200
