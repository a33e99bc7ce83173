"""Every address of the install. API paths are the user's words and have no trailing slash."""

import sys
from http import HTTPStatus

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views import defaults
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from chargers.api import urls as chargers_urls
from drivers.api import urls as drivers_urls
from evbalancer.common.db.database import cannot_store, lost_to_another
from evbalancer.common.db.locks import BUSY, ClusterBusy
from evbalancer.common.web.api import RETRY_AFTER_S, plain_problem
from fleet.api import urls as fleet_urls
from grid.api import urls as grid_urls
from pricing.api import urls as pricing_urls
from scheduling.api import urls as scheduling_urls

API_PREFIXES = (
    "/alarms",
    "/api/",
    "/auth/",
    "/drivers/",
    "/fleet/",
    "/grid/",
    "/chargers",
    "/pricing/",
    "/analytics/",
)

AWAY = "The database does not answer or can't store anything. Nothing was changed, and chargers keep their limits. Try again in a moment."

# More special paths before the ones with an id in the same place.
api = [
    *drivers_urls.token_urls,
    *fleet_urls.urlpatterns,
    *fleet_urls.router.urls,
    *scheduling_urls.urlpatterns,
    *scheduling_urls.router.urls,
    *pricing_urls.urlpatterns,
    *pricing_urls.router.urls,
    *chargers_urls.urlpatterns,
    *chargers_urls.router.urls,
    *grid_urls.urlpatterns,
    *grid_urls.router.urls,
    *drivers_urls.router.urls,
]

urlpatterns = [
    # By this name the admin's sign-in looks for it.
    path(
        "admin/password", RedirectView.as_view(pattern_name="password-forgotten"), name="admin_password_reset"
    ),
    path("admin/", admin.site.urls),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    *api,
    path("", include("evbalancer.ops.urls")),
    path("", include("evbalancer.dashboard.urls")),
]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PREFIXES):
        return plain_problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API_PREFIXES):
        return plain_problem(HTTPStatus.BAD_REQUEST, "The request can't be read.")
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    # Django asks for this page while it handles the exception.
    error = sys.exc_info()[1]
    if error is not None and (isinstance(error, ClusterBusy) or lost_to_another(error)):
        return _unavailable(request, BUSY)
    if error is not None and cannot_store(error):
        return _unavailable(request, AWAY)
    if request.path.startswith(API_PREFIXES):
        return plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The fault is ours; it has been logged.")
    return defaults.server_error(request)


def _unavailable(request: HttpRequest, why: str) -> HttpResponse:
    if request.path.startswith(API_PREFIXES):
        response = plain_problem(HTTPStatus.SERVICE_UNAVAILABLE, why)
    else:
        response = HttpResponse(why, status=HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


handler400 = bad_request
handler404 = not_found
handler500 = server_error
