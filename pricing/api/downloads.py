"""Statements as files: PDF, workbook and CSV; the landlord's sheets of a month; the proof of a car's charging."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from chargers.domain.metering.proofs import write_transparency_file
from chargers.models import Session
from evbalancer.common.admin.workbook import XLSX
from evbalancer.common.security.tenancy import IsManager, request_access
from evbalancer.common.web.downloads import as_file
from fleet.models import Vehicle
from pricing.api.statements import visible_statements
from pricing.domain.papers.lists import landlord_sheets, proof_sheet, statement_sheet
from pricing.domain.papers.pdf import print_statement
from pricing.domain.papers.sheets import write_csv, write_xlsx
from pricing.domain.payments.debits import write_debit_file
from pricing.domain.statements.documents import SHOWN_WITH, read_document
from pricing.enums import StatementState
from pricing.models import BillingMonth, DebitRun, Statement


def statement_file(statement: Statement, form: str) -> HttpResponse:
    """`form` is pdf, xlsx or csv. A draft is marked as one."""
    document = read_document(statement)
    name = statement.label or f"draft-{document['month']}"
    if form == "pdf":
        return _file(print_statement(document), f"{name}.pdf", "application/pdf")
    with override(document["language"]):
        sheet = statement_sheet(document)
        return workbook(name, sheet) if form == "xlsx" else _csv(name, sheet)


def landlord_file(month: BillingMonth) -> HttpResponse:
    """The sum of each flat, and the meters' readings at both ends of the month."""
    return workbook(f"flats-{month}", *landlord_sheets(month))


class LandlordFileView(APIView):
    """The landlord's sheets of a month, as a workbook."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        access = request_access(request)
        rows = BillingMonth.objects.select_related("community")
        rows = rows if access.everywhere else rows.filter(community__in=access.managed)
        return landlord_file(get_object_or_404(rows, pk=pk))


class StatementFileView(APIView):
    """One statement as a file; other people's do not exist."""

    @extend_schema(
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, (200, "text/csv"): OpenApiTypes.STR}
    )
    def get(self, request: Request, pk: UUID, form: str) -> HttpResponse:
        rows = visible_statements(request, Statement.objects.select_related(*SHOWN_WITH, "community"))
        return statement_file(get_object_or_404(rows, pk=pk), form)


class ProofView(APIView):
    """What one of the caller's cars charged by issued statements, as a workbook: for an employer or a tax office."""

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        communities = request_access(request).communities
        own = Vehicle.objects.filter(driver__user=request.user.pk, community_id__in=communities)
        car = get_object_or_404(own, pk=pk)
        issued = Statement.objects.filter(
            state=StatementState.ISSUED, items__bill_line__session__vehicle=car
        ).order_by("year", "number")
        return workbook(f"charging-{car.pk.hex[:8]}", proof_sheet(issued.distinct(), car=car))


class TransparencyFileView(APIView):
    """What the meter of a stay signed, as XML for the transparency software, which checks it without us. Own stays; managers all."""

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.STR})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        access = request_access(request)
        rows = Session.objects.all()
        if not access.everywhere:
            own = Q(driver__user=request.user.pk, community__in=access.communities)
            rows = rows.filter(own | Q(community__in=access.managed))
        session = get_object_or_404(rows, pk=pk)
        values = list(
            session.signed_values.select_related("session__connector").order_by(
                "measured_at", "received_at", "pk"
            )
        )
        if not values:
            raise Http404
        content = write_transparency_file(values)
        return _file(content, f"signed-{session.pk.hex[:8]}.xml", "application/xml")


class DebitFileView(APIView):
    """Direct debits for the community's bank (pain.008), for managers."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(responses={(200, "application/xml"): OpenApiTypes.STR})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        access = request_access(request)
        rows = DebitRun.objects.select_related("community")
        rows = rows if access.everywhere else rows.filter(community__in=access.managed)
        run = get_object_or_404(rows, pk=pk)
        return _file(write_debit_file(run), f"{run.message}.xml", "application/xml")


def workbook(name: str, *sheets: Any) -> HttpResponse:
    """A workbook to keep, of these sheets."""
    return _file(write_xlsx(*sheets), f"{name}.xlsx", XLSX)


def _csv(name: str, sheet: Any) -> HttpResponse:
    return _file(write_csv(sheet), f"{name}.csv", "text/csv; charset=utf-8")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = as_file(HttpResponse(content, content_type=kind), name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
