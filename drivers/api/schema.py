"""How the OpenAPI schema names our authentication; imported when the app is ready."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme


class DriverJWTScheme(SimpleJWTScheme):  # type: ignore[no-untyped-call]
    target_class = "drivers.api.authentication.DriverJWTAuthentication"
    name = "jwtAuth"
