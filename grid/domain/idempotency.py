from datetime import datetime, timedelta
from typing import Final

from grid.models import IdempotencyKey

KEYS_LAST: Final = timedelta(days=2)


def prune_idempotency_keys(*, now: datetime) -> int:
    """Forget answers that nobody will ask for again. Returns how many."""
    deleted, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEYS_LAST).delete()
    return deleted
