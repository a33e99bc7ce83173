from django.urls import path

from evbalancer.common.web.api import ApiRouter
from pricing.api.accounts import AccountFileView, AccountView
from pricing.api.assignments import AssignmentViewSet
from pricing.api.demand import DemandChargeViewSet
from pricing.api.downloads import (
    DebitFileView,
    LandlordFileView,
    ProofView,
    StatementFileView,
    TransparencyFileView,
)
from pricing.api.prices import PricesView
from pricing.api.signals import EnergySignalViewSet, SignalPush
from pricing.api.statements import BillingMonthViewSet, StatementViewSet
from pricing.api.viewsets import (
    BillLineViewSet,
    SessionCsvView,
    SessionViewSet,
    TariffViewSet,
)

router = ApiRouter()
router.register("drivers/sessions", SessionViewSet)
router.register("pricing/tariffs", TariffViewSet)
router.register("pricing/assignments", AssignmentViewSet)
router.register("pricing/demand-charges", DemandChargeViewSet)
router.register("pricing/bills", BillLineViewSet)
router.register("pricing/signals", EnergySignalViewSet)
router.register("pricing/months", BillingMonthViewSet)
router.register("pricing/statements", StatementViewSet)

urlpatterns = [
    *(
        path(
            f"pricing/statements/<uuid:pk>/{form}",
            StatementFileView.as_view(),
            {"form": form},
            name=f"statement-{form}",
        )
        for form in ("pdf", "xlsx", "csv")
    ),
    path("pricing/months/<uuid:pk>/flats", LandlordFileView.as_view(), name="landlord-sheets"),
    path("drivers/sessions/<uuid:pk>/transparency", TransparencyFileView.as_view(), name="transparency-file"),
    path("pricing/debits/<uuid:pk>/file", DebitFileView.as_view(), name="debit-file"),
    path("pricing/proofs/<uuid:pk>", ProofView.as_view(), name="proof-of-charging"),
    path("pricing/signals/<uuid:pk>/push", SignalPush.as_view(), name="signal-push"),
    path("pricing/accounts/<uuid:pk>", AccountView.as_view(), name="account"),
    path("pricing/accounts/<uuid:pk>/xlsx", AccountFileView.as_view(), name="account-xlsx"),
    path("pricing/prices", PricesView.as_view(), name="prices"),
    path("drivers/sessions.csv", SessionCsvView.as_view(), name="sessions-csv"),
]
