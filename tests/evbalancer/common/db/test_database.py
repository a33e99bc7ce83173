import errno

import pytest

from evbalancer.common.db.database import cannot_store


@pytest.mark.django_db
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_full_disk_is_known_behind_what_followed_from_it(code):
    followed = RuntimeError("the session could not be saved")
    followed.__context__ = OSError(code, "no room")
    assert cannot_store(followed)
    assert not cannot_store(RuntimeError("a fault of ours"))
    assert not cannot_store(OSError(errno.ENOENT, "no such file"))
