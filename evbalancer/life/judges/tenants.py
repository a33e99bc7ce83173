import hashlib
from http import HTTPStatus

from django.apps import apps
from django.conf import settings
from rest_framework.test import APIClient

from chargers.models import ChargePoint, Connector
from drivers.enums import Role
from drivers.models import Driver, User
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World

# The product balances every community and notes when it did; at night it asks each one's past what usually comes.
OWN_WORK = {"scheduling.RebalanceRun", "scheduling.Attendance", "scheduling.ArrivalForecast"}
# A database that fails, fails for all.
OF_FAILURES = {"scheduling.BalanceTrouble"}
LISTS = (
    "/chargers",
    "/chargers/commands",
    "/chargers/connectors",
    "/drivers",
    "/drivers/emergency",
    "/drivers/notifications",
    "/drivers/sessions",
    "/drivers/slot",
    "/grid/audit",
    "/grid/cluster",
    "/grid/limits",
    "/grid/runs",
    "/pricing/bills",
    "/pricing/tariffs",
)
ASKED_EVERY_MIN = 20


class Tenants(Judge):
    """In a community where nothing happens no row changes, and its manager sees nothing of the one where everything does."""

    name = "tenants"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._minutes = 0
        self._before: dict[str, str] = {}
        self._blamed: set[str] = set()
        community_id = world.place.neighbour.community_id
        self._manager = User.objects.get(memberships__community=community_id, memberships__role=Role.MANAGER)
        self._api = APIClient(
            SERVER_NAME=next((h for h in settings.ALLOWED_HOSTS if "*" not in h), "localhost")
        )
        self._api.force_authenticate(self._manager)

    def see_minute(self) -> None:
        self._minutes += 1
        if self._minutes % ASKED_EVERY_MIN == 1:
            self._look()

    def see_end(self) -> None:
        self._look()

    def _look(self) -> None:
        now = self._digests()
        for label, digest in now.items():
            if self._before and self._before.get(label) != digest:
                self._blame_once(label, f"rows of {label} changed in a community where nothing happens")
        self._before = now
        ours = self._ours()
        for path in LISTS:
            answer = self._api.get(path, secure=True)
            said = answer.content.decode()
            if any(each in said for each in ours):
                self._blame_once(path, f"{path} shows a manager rows of another community")
        path = f"/grid/cluster/{self.world.place.cluster.pk}"
        status = self._api.get(path, secure=True).status_code
        if status != HTTPStatus.NOT_FOUND:
            self._blame_once(path, f"a cluster of another community answers {status}")

    def _ours(self) -> set[str]:
        community_id = self.world.place.cluster.community_id
        keys = {
            str(community_id),
            str(self.world.place.cluster.pk),
            *map(str, self.world.place.circuits.values()),
        }
        for model in (ChargePoint, Connector, Driver):
            keys |= set(map(str, model.objects.filter(community=community_id).values_list("pk", flat=True)))
        return keys

    def _digests(self) -> dict[str, str]:
        found = {}
        own_work = OWN_WORK | (OF_FAILURES if self.world.has_failed_database else set())
        for model in apps.get_models():
            meta = model._meta  # noqa: SLF001 (Django's documented Meta API)
            names = [field.attname for field in meta.concrete_fields]
            if "community_id" not in names or meta.label in own_work:
                continue
            rows = model._base_manager.filter(community=self.world.place.neighbour.community_id)  # noqa: SLF001
            told = sorted(map(repr, rows.values_list(*names)))
            found[meta.label] = hashlib.sha256("\n".join(told).encode()).hexdigest()
        return found

    def _blame_once(self, key: str, sentence: str) -> None:
        if key not in self._blamed:
            self._blamed.add(key)
            self.blame(sentence)
