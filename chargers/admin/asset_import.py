"""Charge points and connectors from a spreadsheet: looked at first, then all or nothing, and never a tree that does not fit."""

# mypy: disable-error-code="misc"
# The library of imports has no types, and its classes are there to be subclassed.

import logging
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from import_export import fields, resources, widgets
from import_export.admin import ImportMixin
from import_export.formats.base_formats import CSV
from import_export.results import Result
from import_export.tmp_storages import CacheStorage
from tablib import Dataset  # type: ignore[import-untyped]
from unfold.contrib.import_export.forms import ImportForm

from chargers.domain.access.rules import find_rules, set_access_in_words
from chargers.domain.access.sentences import LINES, write_rules
from chargers.domain.sessions.status import MOST_PLUGS
from chargers.domain.stations import assets
from chargers.enums import PhaseRotation
from chargers.models import ChargePoint, Connector
from evbalancer.common.admin import scope
from evbalancer.common.admin.export import stream
from evbalancer.common.errors import InvalidInput
from evbalancer.common.files.tables import UnreadableTable, read_table
from evbalancer.common.security.tenancy import Access, request_access
from evbalancer.common.waking import wake_balancer
from evbalancer.common.words.reading import read_amperes
from grid.admin.audited import actor_of
from grid.domain.audit import Actor
from grid.models import Circuit, Cluster

MOST_ROWS = 2_000
COLUMNS = (
    "cluster", "name", "identity", "connector", "circuit", "phase_rotation", "max_current_a", "min_current_a", "fallback_a",
    "access",
)  # fmt: skip
OPTIONAL = {"min_current_a", "access"}
logger = logging.getLogger(__name__)


class Outcome(Result):
    """What came of a list, in sentences that name the row as the spreadsheet counts it, and the column."""

    numbers: Sequence[int] = ()

    @property
    def sentences(self) -> list[str]:
        if self.base_errors:
            return [_said(error.error) for error in self.base_errors]
        found = [(row.number, "", _said(each.error)) for row in self.error_rows for each in row.errors]
        for row in self.invalid_rows:
            for name, reasons in row.error_dict.items():
                column = "" if name == NON_FIELD_ERRORS else COLUMN_OF.get(name, name)
                found += [(row.number, column, reason) for reason in reasons]
        return [
            gettext("Row %(numbers)s%(value)s: %(reason)s")
            % {
                "numbers": self.numbers[number - 1],
                "value": gettext(", column %(column)s") % {"column": column} if column else "",
                "reason": reason,
            }
            for number, column, reason in sorted(found)
        ]


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, ValueError):
        return str(error)
    logger.error("A list of charge points could not be imported", exc_info=error)
    return gettext("It can't be imported. The fault is ours; it has been logged.")


class Number(widgets.IntegerWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        text = str(value or "").strip()
        is_short = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PLUGS))
        if not is_short or not 1 <= int(text) <= MOST_PLUGS:
            raise ValueError(
                gettext("%(text)s is not a connector number, for example 1.") % {"text": repr(text)}
            )
        return int(text)


class Amperes(widgets.Widget):
    """Amperes in the file, milliamperes in the column."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        return read_amperes(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else f"{Decimal(value) / 1_000:f}"


class Rotation(widgets.CharWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        letters = str(value or "").strip().upper()
        if letters not in PhaseRotation.values:
            words = ", ".join(filter(None, PhaseRotation.values))
            raise ValueError(
                gettext("%(letters)s is not one of %(words)s.") % {"letters": repr(letters), "words": words}
            )
        return letters


class CircuitByName(widgets.ForeignKeyWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Circuit:
        cluster = row[CLUSTER]
        circuit = Circuit.objects.filter(
            cluster=cluster, name=str(value or "").strip(), retired_at=None
        ).first()
        if circuit is None:
            raise ValueError(
                gettext("%(cluster)s has no circuit %(value)s.") % {"cluster": cluster, "value": repr(value)}
            )
        return circuit


# Where a row keeps what its names stand for; no file can have columns of these names.
CLUSTER, CHARGE_POINT = object(), object()


class ChargePointOfRow(widgets.ForeignKeyWidget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> ChargePoint:
        found: ChargePoint = row[CHARGE_POINT]
        return found


class Rules(widgets.Widget):
    """Who may charge there, as it is written: a rule a line, or rules between semicolons."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return "; ".join(part.strip() for part in LINES.split(str(value or "")) if part.strip())


class AssetResource(resources.ModelResource):
    """One row a connector. Charge points that are not there yet are made; keys are issued on their pages."""

    identity = fields.Field("charge_point", "identity", ChargePointOfRow(ChargePoint, "identity"))
    connector = fields.Field("number", "connector", Number())
    circuit = fields.Field("circuit", "circuit", CircuitByName(Circuit, "name"))
    phase_rotation = fields.Field("phase_rotation", "phase_rotation", Rotation())
    max_current_a = fields.Field("max_current_ma", "max_current_a", Amperes())
    min_current_a = fields.Field("min_current_ma", "min_current_a", Amperes())
    fallback_a = fields.Field("chosen_fallback_ma", "fallback_a", Amperes())
    access = fields.Field("access_words", "access", Rules())

    class Meta:
        model = Connector
        fields = (
            "identity",
            "connector",
            "circuit",
            "phase_rotation",
            "max_current_a",
            "min_current_a",
            "fallback_a",
            "access",
        )
        import_id_fields = ("identity", "connector")
        clean_model_instances = True
        use_transactions = True
        skip_unchanged = True
        report_skipped = True

    def __init__(self, *, access: Access, actor: Actor, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.access, self.actor = access, actor
        self.judge = assets.Judge()
        self.seen: dict[tuple[ChargePoint, str], int] = {}

    @classmethod
    def get_result_class(cls) -> type[Outcome]:
        return Outcome

    @classmethod
    def get_display_name(cls) -> str:
        return gettext("Charge points and connectors")

    def get_queryset(self) -> Any:
        return scope.within(super().get_queryset(), self.access)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        missing = {"cluster", *self.Meta.fields} - OPTIONAL - set(dataset.headers or ())
        if missing:
            raise ValueError(
                gettext("These columns are missing: %(names)s.") % {"names": ", ".join(sorted(missing))}
            )
        if len(dataset) > MOST_ROWS:
            raise ValueError(gettext("At most %(most)s rows at a time.") % {"most": MOST_ROWS})
        for name in sorted({str(name).strip() for name in dataset["cluster"]}):
            cluster = self._cluster(name)
            if cluster is not None:
                self.judge.lock(cluster)

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if not set(self.Meta.fields) - OPTIONAL <= row.keys() or "cluster" not in row:
            raise ValidationError(gettext("Columns are missing."))
        cluster = self._cluster(str(row["cluster"]).strip())
        if cluster is None:
            raise ValidationError(
                {
                    "cluster": gettext("There is no cluster %(row)s, or more than one.")
                    % {"row": f"{row['cluster']!r}"}
                }
            )
        row[CLUSTER] = cluster
        row[CHARGE_POINT] = assets.charge_point(
            cluster,
            identity=str(row["identity"] or "").strip(),
            name=str(row.get("name") or "").strip(),
            actor=self.actor,
            now=timezone.now(),
        )

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:  # noqa: FBT001
        if new:
            instance.community_id = row[CLUSTER].community_id
        elif instance.retired_at is not None:
            raise ValidationError(gettext("%(instance)s is retired.") % {"instance": instance})
        key, at = (row[CHARGE_POINT], str(row["connector"]).strip()), kwargs["row_number"]
        if self.seen.setdefault(key, at) != at:
            raise ValidationError({"connector": gettext("This connector is in an earlier row, too.")})
        self.before = {} if new else assets.describe_wiring(instance)
        instance.access_words = "" if new else "; ".join(write_rules(find_rules(instance)).splitlines())

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        try:
            number = self.fields["connector"].clean(row)
        except ValueError:
            return None  # reported with everything else that is wrong in the row
        return Connector.objects.filter(charge_point=row[CHARGE_POINT], number=number).first()

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        now = timezone.now()
        if self.before != assets.describe_wiring(instance):
            assets.record_import(instance, before=self.before, actor=self.actor, now=now)
        try:
            set_access_in_words(instance, instance.access_words, actor=self.actor, now=now)
        except InvalidInput as refusal:
            raise ValidationError({refusal.field: refusal.detail}) from refusal

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """On the whole result: rows that fit alone may not fit together."""
        super().after_import(dataset, result, **kwargs)
        result.numbers = getattr(dataset, "numbers", range(2, len(dataset) + 2))
        if result.has_errors() or result.has_validation_errors():
            return
        try:
            self.judge.check()
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from error
        for cluster in self.judge.clusters:
            wake_balancer(cluster.pk)

    def _cluster(self, name: str) -> Cluster | None:
        found = list(scope.within(Cluster.objects.filter(name=name, retired_at=None), self.access)[:2])
        return found[0] if len(found) == 1 else None


def export_assets(connectors: Iterable[Connector]) -> StreamingHttpResponse:
    """The list that `AssetResource` imports: unchanged it changes nothing. Select charge point, cluster and circuit."""
    return stream("charge-points", list(COLUMNS), map(_cells, connectors))


def _cells(connector: Connector) -> list[Any]:
    charge_point = connector.charge_point
    return [
        charge_point.cluster.name,
        charge_point.name,
        charge_point.identity,
        connector.number,
        connector.circuit.name,
        connector.phase_rotation,
        *(
            Decimal(current_ma) / 1_000
            for current_ma in (
                connector.max_current_ma,
                connector.min_current_ma,
                connector.chosen_fallback_ma,
            )
        ),
        "; ".join(write_rules(find_rules(connector)).splitlines()),
    ]


COLUMN_OF = {field.attribute: field.column_name for field in AssetResource.fields.values()}


class Spreadsheet(CSV):
    """CSV as spreadsheets write it, or a workbook. Read from bytes, which show the format and the encoding."""

    def get_title(self) -> str:
        return gettext("CSV or Excel (.xlsx)")

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Dataset:
        table = read_table(in_stream, columns=COLUMNS)
        dataset = Dataset(headers=table.names)
        dataset.extend(table.rows)
        dataset.numbers = table.numbers
        return dataset


class AssetImport(ImportMixin):
    """The theme's import pages, for people who may add what the file adds."""

    resource_classes = (AssetResource,)
    import_form_class = ImportForm
    tmp_storage_class = CacheStorage
    skip_admin_log = True
    import_export_change_list_template = None

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def get_import_formats(self) -> list[Any]:
        return [Spreadsheet]

    def import_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().import_action(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data is not None:
            # The package names those of a connector alone.
            response.context_data["fields_list"] = [(AssetResource.get_display_name(), COLUMNS)]
        return response

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        if not isinstance(e, UnreadableTable):
            logger.error("A list of charge points could not be read", exc_info=e)
        form.add_error(
            "import_file", str(e) if isinstance(e, UnreadableTable) else gettext("The file can't be read.")
        )

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"access": request_access(request), "actor": actor_of(request)}

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {"rollback_on_validation_errors": True}

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """What was fine in the preview may not be any more: then nothing was imported."""
        if not (result.has_errors() or result.has_validation_errors()):
            done: HttpResponse = super().process_result(result, request)
            return done
        messages.error(
            request,
            gettext("Nothing was imported. %(sentences)s") % {"sentences": " ".join(result.sentences)},
        )
        return HttpResponseRedirect(reverse("admin:chargers_connector_import"))
