from rest_framework_simplejwt.authentication import JWTAuthentication


class DriverJWTAuthentication(JWTAuthentication):
    """Bearer tokens for drivers and programs.

    simplejwt looks the user up at every request and compares the password's digest in the token
    (CHECK_REVOKE_TOKEN), so a deactivation or a changed password takes effect with the next request.
    """
