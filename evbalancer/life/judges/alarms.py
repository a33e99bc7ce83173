import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chargers.enums import ConnectorStatus
from chargers.models import Connector as Row
from chargers.simulator.plant.connector import Connector
from chargers.simulator.station import Station
from evbalancer.life.evidence import is_unheard, is_wild
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from grid.models import TemporaryLimit
from scheduling.enums import AlarmKind
from scheduling.models import Alarm

# What is so, and the thing that it is so of: ("away", "B9").
Fact = tuple[str, str]
AWAY, FAULTED, SILENT, UNCOVERED, UNHEARD, WILD = (
    "away", "faulted", "silent", "uncovered", "unheard", "wild",
)  # fmt: skip
# Each outlasts the time after which the kind is raised, that of the lease or reading by which it is noticed, and three looks.
RAISED_WITHIN_S = {AWAY: 600.0, FAULTED: 240.0, SILENT: 300.0, UNCOVERED: 240.0}
# After its cause an alarm ends within this time; a limit that was refused is asked for again every now and then.
ENDED_WITHIN_S = {AWAY: 240.0, FAULTED: 240.0, SILENT: 240.0, UNCOVERED: 240.0, UNHEARD: 1_200.0, WILD: 300.0}
BALANCED_WITHIN_S = 240.0
METER_SILENT_S = 60.0
# What may be the cause of an alarm about charge points or their connectors.
OF_STATIONS = {
    AlarmKind.OFFLINE: (AWAY,),
    AlarmKind.OVERDRAW: (WILD,),
    AlarmKind.LIMIT_REFUSED: (UNHEARD, WILD, AWAY),
}
# An alarm may come and go between two looks.
LOOKED_AT = timedelta(minutes=2)


class Alarms(Judge):
    """What endangers charging is an alarm within its time and while it lasts, and ends after it; no alarm comes without a cause.

    Time in which the server itself was ill counts for nothing.
    """

    name = "alarms"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._facts: dict[Fact, tuple[bool, float]] = {}
        self._handshakes: dict[str, int] = {}
        self._blamed: set[tuple[str, str, str]] = set()
        self._names = {str(pk): name for name, pk in world.place.circuits.items()}

    def see_minute(self) -> None:
        rows = {
            (row.charge_point.identity, row.number): row
            for row in Row.objects.filter(
                charge_point__cluster=self.world.place.cluster,
                charge_point__retired_at=None,
                retired_at=None,
            ).select_related("charge_point")
        }
        self._note_facts(rows)
        now = datetime.now(UTC)
        of_place = Alarm.objects.filter(cluster=self.world.place.cluster)
        open_ones = {
            (alarm.kind, alarm.about) for alarm in of_place.filter(raised_at__lte=now, ended_at=None)
        }
        self._judge_missing(rows, open_ones)
        late = of_place.filter(raised_at__gt=now - LOOKED_AT, ended_at__isnull=False)
        for kind, about in open_ones | {(alarm.kind, alarm.about) for alarm in late}:
            if self._has_no_cause(AlarmKind(kind), about, rows):
                self._blame_once(
                    kind, about, f"there is an alarm {kind} about {self._name(about, rows)} without a cause"
                )

    def see_end(self) -> None:
        self.see_minute()

    # What is so

    def _note_facts(self, rows: dict[tuple[str, int], Row]) -> None:
        now_s = time.monotonic()
        for station in self.world.stations:
            identity = station.spec.id
            if self._handshakes.get(identity) != station.link.handshakes or station.faults.silent:
                # It was away and there between two looks. Of a silent one the socket is open, and no ping goes through these lines.
                self._handshakes[identity] = station.link.handshakes
                self._facts.pop((AWAY, identity), None)
            self._note(AWAY, identity, is_so=not station.online)
            self._note(UNHEARD, identity, is_so=is_unheard(station) or self._loses_frames(station))
            self._note(WILD, identity, is_so=is_wild(station))
            for connector in station.connectors.values():
                row = rows.get((identity, connector.id))
                if row is not None and self._is_agreed(connector, row):
                    self._note(FAULTED, str(row.pk), is_so=connector.error_code != "NoError")
                elif row is not None:
                    self._facts.pop((FAULTED, str(row.pk)), None)
        for circuit, spoke_at_s in self.world.meters_spoke_at_s.items():
            self._note(SILENT, circuit, is_so=now_s - spoke_at_s > METER_SILENT_S)
        uncovered = TemporaryLimit.objects.filter(
            circuit__in=self.world.place.circuits.values(), cancelled_at=None, uncovered_ma__gt=0
        )
        for pk in uncovered.exclude(until__lte=datetime.now(UTC)).values_list("pk", flat=True):
            self._note(UNCOVERED, str(pk), is_so=True)
        known = {str(pk) for pk in uncovered.values_list("pk", flat=True)}
        for what, about in [fact for fact in self._facts if fact[0] == UNCOVERED]:
            self._note(what, about, is_so=about in known)

    def _note(self, what: str, about: str, *, is_so: bool) -> None:
        was_so, _ = self._facts.get((what, about), (None, 0.0))
        if was_so is not is_so:
            self._facts[what, about] = is_so, time.monotonic()

    def _lasts_s(self, what: str, about: str, *, is_so: bool) -> float:
        """For how long it has been so, or not so, with a server that was whole; 0 where it is otherwise or not known."""
        known, since_s = self._facts.get((what, about), (None, 0.0))
        if known is not is_so:
            return 0.0
        return time.monotonic() - max(since_s, self.world.server_whole_since_s)

    @staticmethod
    def _is_agreed(connector: Connector, row: Row) -> bool:
        """The charge point has told of it, and the frame has arrived: nothing else can be an alarm."""
        told = ConnectorStatus.FAULTED in (row.status, row.charge_point.status)
        return told == (connector.error_code != "NoError")

    def _loses_frames(self, station: Station) -> bool:
        return time.monotonic() < self.world.frames_lost_until_s.get(station.spec.id, 0.0)

    # What has to be

    def _judge_missing(self, rows: dict[tuple[str, int], Row], open_ones: set[tuple[str, str]]) -> None:
        for (what, name), _ in list(self._facts.items()):
            if self._lasts_s(what, name, is_so=True) < RAISED_WITHIN_S.get(what, float("inf")):
                continue
            wanted = set(self._alarms_of(what, name, rows))
            if wanted and not wanted & open_ones:
                self._blame_once(what, name, f"{name} is {what} for minutes, and there is no alarm")

    def _alarms_of(self, what: str, name: str, rows: dict[tuple[str, int], Row]) -> Iterator[tuple[str, str]]:
        """Any of them says it; none where nobody has to hear of it."""
        if what == AWAY:
            mine = [row for (identity, _), row in rows.items() if identity == name]
            # What somebody has put out of service is nobody's alarm, and of what has a fault that is the alarm.
            if not mine or any(
                row.status in (ConnectorStatus.UNAVAILABLE, ConnectorStatus.FAULTED) for row in mine
            ):
                return
            yield AlarmKind.OFFLINE, f"charge_point:{mine[0].charge_point_id}"
            for circuit in self.world.place.path_of(self.world.site.charge_points[name].spec.circuit):
                yield AlarmKind.CIRCUIT_GONE, f"circuit:{self.world.place.circuits[circuit]}"
        elif what == FAULTED:
            row = next((row for row in rows.values() if str(row.pk) == name), None)
            if row is not None:
                yield AlarmKind.FAULTED, f"connector:{name}"
                yield AlarmKind.FAULTED, f"charge_point:{row.charge_point_id}"
        elif what == SILENT:
            yield AlarmKind.METER_SILENT, f"circuit:{self.world.place.circuits[name]}"
        elif what == UNCOVERED:
            yield AlarmKind.NOT_COVERED, f"limit:{name}"

    # What must not be

    def _has_no_cause(self, kind: AlarmKind, about: str, rows: dict[tuple[str, int], Row]) -> bool:
        key = about.partition(":")[2]
        stations = self._stations_of(about, rows)
        match kind:
            case AlarmKind.CIRCUIT_GONE:
                over = any(self._are_over(AWAY, [each]) for each in stations)
            case AlarmKind.FAULTED:
                mine = [
                    str(row.pk) for row in rows.values() if key in (str(row.pk), str(row.charge_point_id))
                ]
                over = bool(mine) and all(self._is_over(FAULTED, each) for each in mine)
            case AlarmKind.METER_SILENT:
                over = self._is_over(SILENT, self._names.get(key, ""))
            case AlarmKind.NOT_COVERED if about.startswith("limit:"):
                over = self._is_over(UNCOVERED, key)
            case AlarmKind.NOBODY_BALANCES:
                over = time.monotonic() - self.world.server_whole_since_s >= BALANCED_WITHIN_S
            case _:
                causes = OF_STATIONS.get(kind, ())
                over = bool(causes) and all(self._are_over(each, stations) for each in causes)
        return over

    def _is_over(self, what: str, about: str) -> bool:
        return self._lasts_s(what, about, is_so=False) >= ENDED_WITHIN_S[what]

    def _are_over(self, what: str, stations: list[Station]) -> bool:
        """Of all of them it is long over, and they are charge points that this world knows."""
        return bool(stations) and all(self._is_over(what, each.spec.id) for each in stations)

    def _stations_of(self, about: str, rows: dict[tuple[str, int], Row]) -> list[Station]:
        key = about.partition(":")[2]
        if about.startswith("circuit:"):
            circuit = self._names.get(key, "")
            return [
                each for each in self.world.stations if circuit in self.world.place.path_of(each.spec.circuit)
            ]
        found = {
            row.charge_point.identity
            for row in rows.values()
            if key in (str(row.pk), str(row.charge_point_id))
        }
        return [each for each in self.world.stations if each.spec.id in found]

    def _name(self, about: str, rows: dict[tuple[str, int], Row]) -> str:
        return ", ".join(each.spec.id for each in self._stations_of(about, rows)) or about

    def _blame_once(self, what: str, about: str, sentence: str) -> None:
        if (what, about, sentence) not in self._blamed:
            self._blamed.add((what, about, sentence))
            self.blame(sentence)
