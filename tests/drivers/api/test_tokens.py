import base64
import json

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from drivers.domain import tokens
from tests.asserts.http import assert_problem
from tests.factories.drivers import PASSWORD, DriverFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S9")]
TOKEN, REFRESH, GUARDED = "/auth/token", "/auth/token/refresh", "/drivers/charging/status"


@pytest.fixture
def user():
    return DriverFactory().user


def sign_in(user):
    body = {"username": user.username, "password": PASSWORD}
    return APIClient().post(TOKEN, body, format="json").json()


def refresh(token):
    return APIClient().post(REFRESH, {"refresh": token}, format="json")


def read(access):
    return APIClient().get(GUARDED, headers={"Authorization": f"Bearer {access}"})


def test_token_opens_what_is_the_drivers(user):
    assert read(sign_in(user)["access"]).status_code == 200


def test_token_with_a_wrong_password_is_refused(user):
    body = {"username": user.username, "password": "wrong"}
    assert_problem(APIClient().post(TOKEN, body, format="json"), 401, "no_active_account")


def test_token_of_a_deactivated_user_is_refused_with_the_next_request(user):
    pair = sign_in(user)
    user.is_active = False
    user.save()
    assert_problem(read(pair["access"]), 401, "user_inactive")
    assert_problem(refresh(pair["refresh"]), 401, "token_not_valid")


def test_token_from_before_a_password_change_is_refused(user):
    pair = sign_in(user)
    user.set_password("another horse battery")
    user.save()
    assert_problem(read(pair["access"]), 401, "password_changed")
    assert_problem(refresh(pair["refresh"]), 401, "token_not_valid")


def test_refresh_gives_a_new_pair_that_works(user):
    pair = refresh(sign_in(user)["refresh"]).json()
    assert read(pair["access"]).status_code == 200
    assert refresh(pair["refresh"]).status_code == 200


def test_refresh_used_twice_signs_every_session_out(user):
    first, other_phone = sign_in(user), sign_in(user)
    second = refresh(first["refresh"]).json()
    assert_problem(refresh(first["refresh"]), 401, "token_not_valid")
    assert_problem(refresh(second["refresh"]), 401, "token_not_valid")
    assert_problem(refresh(other_phone["refresh"]), 401, "token_not_valid")


def test_refresh_reused_leaves_other_users_alone(user):
    neighbour = sign_in(UserFactory())
    first = sign_in(user)
    refresh(first["refresh"])
    refresh(first["refresh"])
    assert refresh(neighbour["refresh"]).status_code == 200


def test_access_token_is_no_refresh_token(user):
    assert_problem(refresh(sign_in(user)["access"]), 401, "token_not_valid")


def _forged(token, **header):
    _, payload, _ = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}."


@pytest.mark.parametrize("algorithm", ["none", "None", "RS256", "HS512"])
def test_token_with_another_algorithm_is_refused(user, algorithm):
    pair = sign_in(user)
    assert_problem(read(_forged(pair["access"], alg=algorithm, typ="JWT")), 401, "token_not_valid")
    assert_problem(refresh(_forged(pair["refresh"], alg=algorithm, typ="JWT")), 401, "token_not_valid")


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": 7}, {"refresh": "x" * 3000}])
def test_refresh_without_a_token_is_refused(body):
    response = APIClient().post(REFRESH, body, format="json")
    assert response.status_code in (400, 401)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_sign_in_is_throttled(user):
    # One address that tries many names: the lock-out of a single name comes sooner.
    bodies = [{"username": f"{user.username}-{number}", "password": "wrong"} for number in range(21)]
    statuses = [APIClient().post(TOKEN, body, format="json").status_code for body in bodies]
    assert statuses == [401] * 20 + [429]


def test_refresh_tokens_are_not_stored(user):
    pair = sign_in(user)
    assert list(OutstandingToken.objects.values_list("token", flat=True)) == [""]
    assert pair["refresh"]


def test_expired_tokens_are_forgotten(user):
    sign_in(user)
    row = OutstandingToken.objects.get()
    tokens.prune_tokens(now=row.expires_at)
    assert OutstandingToken.objects.count() == 1
    tokens.prune_tokens(now=row.expires_at.replace(year=row.expires_at.year + 1))
    assert not OutstandingToken.objects.exists()
