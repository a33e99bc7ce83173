from datetime import timedelta

import pytest
from django.utils import timezone

from grid.domain.idempotency import KEYS_LAST, prune_idempotency_keys
from grid.models import IdempotencyKey


@pytest.mark.django_db
def test_answers_are_forgotten_after_two_days():
    row = IdempotencyKey.objects.create(
        scope="any", key="any", request_digest="", response_status=200, response_body=""
    )
    now = timezone.now()
    assert prune_idempotency_keys(now=now + KEYS_LAST - timedelta(minutes=1)) == 0
    assert prune_idempotency_keys(now=now + KEYS_LAST + timedelta(minutes=1)) == 1
    assert not IdempotencyKey.objects.filter(pk=row.pk).exists()
