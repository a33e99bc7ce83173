"""Whether mail leaves this server at all. Where it doesn't, no text may say that something is on its way."""

from django.conf import settings

# These take a mail and deliver it to nobody.
KEEPING = ("dummy", "console", "filebased")


def sends_mail() -> bool:
    backend = str(settings.EMAIL_BACKEND)
    if backend.endswith("smtp.EmailBackend"):
        return bool(settings.EMAIL_HOST)
    return not any(kind in backend for kind in KEEPING)
