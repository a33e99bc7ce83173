"""Signing in with a second factor, and communities whose managers need one."""

import json
import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from rest_framework.test import APIClient

from drivers.domain.sign_in import factors
from drivers.models import SignInRule, User
from evbalancer.common.security import lockout
from grid.models import AuditEntry
from tests.asserts.http import assert_problem
from tests.drivers.domain.sign_in.test_factors import code_at
from tests.factories.drivers import PASSWORD, MembershipFactory, UserFactory, manager_of
from tests.factories.grid import CircuitFactory, ClusterFactory, CommunityFactory
from tests.softkey import SoftKey

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S16")]


@pytest.fixture
def community():
    found = CommunityFactory(name="Maple Court")
    # With a grid connection: else the back office leads to the setup first.
    CircuitFactory(cluster=ClusterFactory(community=found))
    return found


@pytest.fixture
def manager(community):
    user = manager_of(community)
    User.objects.filter(pk=user.pk).update(is_staff=True, email="mo@example.org")
    user.refresh_from_db()
    return user


@pytest.fixture
def codes(manager):
    """Recovery codes of a manager who has a second factor."""
    secret, now = factors.new_secret(), datetime.now(UTC)
    return factors.set_up_authenticator(
        manager, secret=secret, code=code_at(secret, now), session_key="", now=now
    )


def password(user, path="/login", client=None):
    client = client or Client()
    return client, client.post(path, {"username": user.username, "password": PASSWORD})


@pytest.mark.parametrize(("path", "home"), [("/login", "/"), ("/admin/login/", "/admin/")])
def test_nobody_is_in_between_password_and_code(manager, codes, path, home):
    client, answer = password(manager, path)
    assert answer["Location"] == "/login/second"
    assert client.get("/account").status_code == 302
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.post("/login/second", {"code": codes[0]})["Location"] == home
    assert client.get("/admin/").status_code == 200


def test_wrong_codes_are_counted_as_passwords_are(manager, codes):
    client, _ = password(manager)
    for _ in range(lockout.MOST_FOR_NAME_AT_ADDRESS):
        assert "This code is wrong" in client.post("/login/second", {"code": "000000"}).content.decode()
    assert "Try again in 15 minutes" in client.post("/login/second", {"code": codes[0]}).content.decode()
    assert client.get("/account").status_code == 302


def test_second_tab_back_button_and_a_changed_password_lead_to_the_sign_in(manager, codes):
    assert Client().get("/login/second")["Location"] == "/login"
    client, _ = password(manager)
    client.post("/login/second", {"code": codes[0]})
    assert client.post("/login/second", {"code": codes[1]})["Location"] == "/login"
    other, _ = password(manager)
    manager.set_password("an altogether other phrase")
    manager.save()
    assert other.post("/login/second", {"code": codes[2]})["Location"] == "/login"


def test_token_of_an_account_with_a_second_factor_needs_its_code(manager, codes):
    body = {"username": manager.username, "password": PASSWORD}
    assert_problem(APIClient().post("/auth/token", body, format="json"), 401, "second_factor_needed")
    wrong = APIClient().post("/auth/token", body | {"code": "000000"}, format="json")
    assert_problem(wrong, 401, "second_factor_wrong")
    assert APIClient().post("/auth/token", body | {"code": codes[0]}, format="json").status_code == 200


def test_factor_is_set_up_on_the_page_and_ends_other_devices(manager):
    other, _ = password(manager)
    other.get("/account")
    client, _ = password(manager)
    page = client.get("/account/factor").content.decode()
    secret = re.search(r"Key: <code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    code = code_at(secret, datetime.now(UTC))
    refused = client.post("/account/factor", {"code": code, "password": "wrong"})
    assert (refused.status_code, factors.has_second_factor(manager)) == (400, False)
    shown = client.post("/account/factor", {"code": code_at(secret, datetime.now(UTC)), "password": PASSWORD})
    assert len(re.findall(r"<li><code>[0-9a-f]{8}-[0-9a-f]{8}</code>", shown.content.decode())) == 10
    assert "no-store" in shown["Cache-Control"]
    assert other.get("/account").status_code == 302
    assert client.get("/account").status_code == 200


def test_community_that_asks_for_it_is_managed_only_with_it(manager, community):
    client, _ = password(manager)
    assert client.get("/admin/").status_code == 200
    SignInRule.objects.create(community=community, managers_need_second_factor=True)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "asks for a second factor" in answer.content.decode()
    api = APIClient()
    api.force_authenticate(manager)
    assert api.get("/drivers/invitations").status_code == 403
    secret, now = factors.new_secret(), datetime.now(UTC)
    factors.set_up_authenticator(
        manager, secret=secret, code=code_at(secret, now), session_key=client.session.session_key, now=now
    )
    assert client.get("/admin/").status_code == 200
    assert api.get("/drivers/invitations").status_code == 200


def test_other_communities_stay_managed(manager, community):
    elsewhere = CommunityFactory()
    MembershipFactory(user=manager, community=elsewhere, role="manager")
    SignInRule.objects.create(community=community, managers_need_second_factor=True)
    client, _ = password(manager)
    rows = client.get("/admin/grid/community/").context["cl"].queryset
    assert list(rows) == [elsewhere]


def test_server_that_asks_for_it_asks_operators_too(settings, manager):
    operator = User.objects.create_superuser("operator-x", "op@example.org", PASSWORD)
    settings.MANAGERS_NEED_SECOND_FACTOR = True
    for user in (operator, manager):
        client, _ = password(user)
        assert client.get("/admin/", follow=True).status_code == 403
        assert client.get("/account/factor").status_code == 200


def test_driver_at_the_back_office_reads_why_not():
    client, _ = password(UserFactory())
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "this account manages no community" in answer.content.decode()
    assert (
        "verwaltet keine Gemeinschaft"
        in client.get("/admin/login/", headers={"accept-language": "de"}).content.decode()
    )


def test_manager_removes_the_factor_of_a_colleague_and_nobody_elses(manager, codes, community):
    colleague = manager_of(community)
    User.objects.filter(pk=colleague.pk).update(is_staff=True)
    page = f"/admin/drivers/user/{manager.pk}/remove-factor/"
    client, _ = password(colleague)
    assert client.post(page, {"reason": "Lost phone"}).status_code == 302
    assert not factors.has_second_factor(manager)
    assert AuditEntry.objects.get(action="user.second_factor_removed").actor_label == colleague.username
    secret, now = factors.new_secret(), datetime.now(UTC)
    factors.set_up_authenticator(manager, secret=secret, code=code_at(secret, now), session_key="", now=now)
    MembershipFactory(user=manager, community=CommunityFactory(), role="driver")
    refused = client.post(page, {"reason": "Lost phone"})
    assert "Only an operator may do this" in refused.content.decode()
    assert factors.has_second_factor(manager)


def test_manager_sends_a_driver_a_link_and_sees_nothing_of_it(manager, community, mailoutbox):
    driver = UserFactory(email="ada@example.org")
    MembershipFactory(user=driver, community=community)
    client, _ = password(manager)
    answer = client.post(f"/admin/drivers/user/{driver.pk}/password-link/", follow=True)
    link = re.search(r"http://testserver(/password/\S+)", mailoutbox[0].body)[1]
    assert mailoutbox[0].to == ["ada@example.org"]
    assert link not in answer.content.decode()
    assert "Choose a new password" in Client().get(link, follow=True).content.decode()
    assert AuditEntry.objects.filter(action="user.password_link_sent").count() == 1


def test_address_is_changed_by_the_page(manager, mailoutbox):
    client, _ = password(manager)
    assert (
        client.post("/account/address", {"email": "new@example.org", "password": "wrong"}).status_code == 400
    )
    assert (
        client.post("/account/address", {"email": "new@example.org", "password": PASSWORD}).status_code == 302
    )
    link = re.search(r"http://testserver(/account/address/\S+)", mailoutbox[0].body)[1]
    assert "was changed" in Client().get(link).content.decode()
    assert Client().get(link).status_code == 410


def options_of(page):
    return json.loads(
        re.search(r'<script id="passkey-options"[^>]*>(.+?)</script>', page.content.decode())[1]
    )


def test_passkey_is_added_on_the_page_and_opens_the_account(manager):
    key, (client, _) = SoftKey(), password(manager)
    options = options_of(client.get("/account/passkey"))
    body = {"passkey": json.dumps(key.create(options)), "name": "Phone", "password": PASSWORD}
    assert "Your recovery codes" in client.post("/account/passkey", body).content.decode()
    # A double submit: its challenge is used up.
    assert "could not be used" in client.post("/account/passkey", body).content.decode()
    other, answer = password(manager)
    assert answer["Location"] == "/login/second"
    options = options_of(other.get("/login/second"))
    assert other.post("/login/second", {"passkey": json.dumps(key.get(options))})["Location"] == "/"
    assert other.get("/account").status_code == 200
    row = manager.passkeys.get()
    assert client.post(f"/account/passkey/{row.pk}/remove", {"password": PASSWORD}).status_code == 302
    assert not factors.has_second_factor(manager)


@pytest.mark.parametrize("told", ["{}", "[]", "nothing", '"x"', '{"id": 1}'])
def test_passkey_that_is_none_opens_nothing(manager, told):
    key, (client, _) = SoftKey(), password(manager)
    options = options_of(client.get("/account/passkey"))
    body = {"passkey": json.dumps(key.create(options)), "name": "Phone", "password": PASSWORD}
    client.post("/account/passkey", body)
    other, _ = password(manager)
    other.get("/login/second")
    assert other.post("/login/second", {"passkey": told}).status_code == 400
    assert other.get("/account").status_code == 302
