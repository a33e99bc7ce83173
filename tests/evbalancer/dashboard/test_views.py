import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client

from chargers.enums import ConnectorStatus
from drivers.models import User
from grid.models import AuditEntry, Cluster, TemporaryLimit
from tests.evbalancer.dashboard.conftest import House
from tests.factories.drivers import PASSWORD, UserFactory, manager_of
from tests.factories.grid import CircuitFactory, ClusterFactory

ROOT = Path(settings.BASE_DIR)
PAGES = ("cluster.html", "empty.html", "login.html", "wall.html")


def page_of(house: House) -> str:
    return f"/cluster/{house.cluster.pk}"


def signed_in(user: User, **options: bool) -> Client:
    client = Client(**options)
    client.force_login(user)
    return client


def embedded(html: str) -> dict:
    found = re.search(r'<script id="snapshot" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    picture: dict = json.loads(found[1])
    return picture


def test_home_shows_anyone_the_public_cluster(house: House, client: Client) -> None:
    house.charging("A-01")
    answer = client.get("/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert embedded(html)["rights"] == "public"
    assert "data-rows" not in html
    assert "data-cut-form" not in html
    assert "Who is at" not in html


def test_home_shows_residents_the_spaces_and_managers_the_button(house: House) -> None:
    house.charging("A-01")
    resident = signed_in(house.resident()).get("/").content.decode()
    assert "data-rows" in resident
    assert "data-cut-form" not in resident
    assert "Who is at" not in resident
    manager = signed_in(house.manager()).get("/").content.decode()
    assert "data-cut-form" in manager
    assert "Who is at A-01" in manager


def test_home_of_nobodys_house_says_what_to_do(db: None, client: Client) -> None:
    assert "Nothing here is public" in client.get("/").content.decode()
    assert "belong to a community yet" in signed_in(UserFactory()).get("/").content.decode()


def test_home_offers_the_other_clusters_of_the_same_person(house: House, other_house: House) -> None:
    manager = house.manager()
    assert "SECRET-B" not in signed_in(manager).get("/").content.decode()
    other_house.cluster.community = house.cluster.community
    other_house.cluster.save()
    assert (
        f'<a href="{page_of(other_house)}">SECRET-B</a>'
        in signed_in(manager).get(page_of(house)).content.decode()
    )


@pytest.mark.promise("S7")
@pytest.mark.parametrize("path", ["", "/cut", "/restore"])
def test_cluster_of_others_is_not_found(path: str, house: House, other_house: House) -> None:
    manager, stranger = signed_in(house.manager()), Client()
    ask = manager.post if path else manager.get
    assert ask(page_of(other_house) + path).status_code == 404
    # Strangers are sent to sign in by every button alike, of clusters and of what is none.
    nothing = f"/cluster/{uuid4()}"
    answers = [
        (stranger.post if path else stranger.get)(address + path)
        for address in (page_of(other_house), nothing)
    ]
    assert [answer.status_code for answer in answers] == [302 if path else 404] * 2
    assert not TemporaryLimit.objects.exists()


@pytest.mark.promise("S7")
def test_cluster_that_is_public_has_no_button_for_managers_of_others(
    house: House, other_house: House
) -> None:
    stranger = signed_in(manager_of(other_house.cluster.community))
    assert stranger.get(page_of(house)).status_code == 200
    assert stranger.post(f"{page_of(house)}/cut").status_code == 404
    assert not TemporaryLimit.objects.exists()


def test_cluster_with_an_unknown_id_is_not_found(db: None, client: Client) -> None:
    assert client.get("/cluster/00000000-0000-0000-0000-000000000000").status_code == 404


def test_cut_and_restore_by_a_manager(house: House) -> None:
    client = signed_in(house.manager())
    answer = client.post(f"{page_of(house)}/cut", headers={"accept": "application/json"})
    limit = TemporaryLimit.objects.get()
    assert answer.json() == {"effective_at": limit.effective_at.isoformat()}
    assert "data-cut-button>Restore" in client.get(page_of(house)).content.decode()
    assert client.post(f"{page_of(house)}/restore", headers={"accept": "application/json"}).json() == {
        "lifted": 1
    }
    assert AuditEntry.objects.count() == 2


def test_cut_without_scripts_returns_to_the_page(house: House) -> None:
    answer = signed_in(house.manager()).post(f"{page_of(house)}/cut")
    assert (answer.status_code, answer["Location"]) == (302, page_of(house))


@pytest.mark.parametrize("path", ["cut", "restore"])
def test_button_is_refused_to_residents_and_strangers(path: str, house: House) -> None:
    assert signed_in(house.resident()).post(f"{page_of(house)}/{path}").status_code == 403
    assert signed_in(UserFactory()).post(f"{page_of(house)}/{path}").status_code == 404
    assert not TemporaryLimit.objects.exists()


@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize("path", ["cut", "restore"])
def test_button_tells_who_is_signed_out_to_sign_in(path: str, is_public: bool, house: House) -> None:
    Cluster.objects.update(is_public=is_public)
    address = f"{page_of(house)}/{path}"
    assert Client().post(address, headers={"accept": "application/json"}).status_code == 401
    assert Client().post(address)["Location"] == f"/login?next={page_of(house)}"
    assert not TemporaryLimit.objects.exists()


def test_button_needs_the_csrf_token(house: House) -> None:
    client = signed_in(house.manager(), enforce_csrf_checks=True)
    assert client.post(f"{page_of(house)}/cut").status_code == 403
    assert not TemporaryLimit.objects.exists()
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page_of(house)).content.decode()
    )
    assert token is not None
    assert client.post(f"{page_of(house)}/cut", {"csrfmiddlewaretoken": token[1]}).status_code == 302


def test_button_is_not_pressed_by_a_link(house: House) -> None:
    assert signed_in(house.manager()).get(f"{page_of(house)}/cut").status_code == 405
    assert not TemporaryLimit.objects.exists()


def test_sign_in_and_out(house: House, client: Client) -> None:
    user = UserFactory()
    answer = client.post("/login", {"username": user.username, "password": PASSWORD, "next": page_of(house)})
    assert (answer.status_code, answer["Location"]) == (302, page_of(house))
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_sign_in_refuses_a_wrong_password_and_a_foreign_next(db: None, client: Client) -> None:
    user = UserFactory()
    wrong = client.post("/login", {"username": user.username, "password": "no"})
    assert wrong.status_code == 200
    assert 'role="alert"' in wrong.content.decode()
    answer = client.post(
        "/login", {"username": user.username, "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"


@pytest.mark.promise("S14")
def test_pages_run_nothing_inline_and_load_nothing_foreign() -> None:
    sources = [*ROOT.glob("templates/dashboard/*.html"), ROOT / "templates/base.html"]
    sources += [*ROOT.glob("static/dashboard/*.js"), *ROOT.glob("static/css/*.css")]
    assert len(sources) >= 10
    for source in sources:
        text = source.read_text()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text), source
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|@import|innerHTML|eval\(", text), (
            source
        )


def test_page_is_not_cached_and_its_policy_is_strict(house: House, client: Client) -> None:
    answer = client.get("/")
    assert "no-store" in answer["Cache-Control"]
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]


@pytest.mark.django_db
def test_empty_install_tells_the_operator_what_to_make() -> None:
    operator = signed_in(User.objects.create_superuser("operator-x", "op@example.org", PASSWORD))
    assert "Create a community" in operator.get("/").content.decode()
    assert "Ask a manager" in signed_in(UserFactory()).get("/").content.decode()


def test_wall_shows_anyone_free_spaces_and_nobodys_name(now_house: House, client: Client) -> None:
    now_house.charging("A-01")
    now_house.connector("A-02")
    now_house.connector("A-03", status=ConnectorStatus.RESERVED)
    html = client.get("/?wall").content.decode()
    assert embedded(html)["headline"]["free_spaces"] == ["A-02"]
    assert "<li>A-02</li>" in html
    assert "Who is at" not in html
    assert 'data-next=""' in html


def test_wall_leads_to_the_next_cluster_of_its_own_community_and_to_no_other(
    house: House, other_house: House, client: Client
) -> None:
    second = ClusterFactory(community=house.cluster.community, is_public=True)
    CircuitFactory(cluster=second)
    Cluster.objects.filter(pk=other_house.cluster.pk).update(is_public=True)
    assert f'data-next="/cluster/{second.pk}?wall"' in client.get("/?wall").content.decode()
    after = client.get(f"/cluster/{second.pk}?wall").content.decode()
    assert f'data-next="{page_of(house)}?wall"' in after


def test_wall_of_a_cluster_that_is_not_public_is_not_found(house: House, client: Client) -> None:
    Cluster.objects.filter(pk=house.cluster.pk).update(is_public=False)
    assert client.get(f"{page_of(house)}?wall").status_code == 404
