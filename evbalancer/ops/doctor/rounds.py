"""All looks in their order. One that fails is a finding, and the others have their turn."""

from datetime import datetime
from typing import Final

from evbalancer.ops.doctor import install, site
from evbalancer.ops.doctor.findings import Finding, Grade, Look, error

WITHOUT_DATABASE: Final[tuple[Look, ...]] = (
    install.look_at_versions,
    install.look_at_settings,
    install.look_at_redis,
    install.look_at_database,
)
WITH_DATABASE: Final[tuple[Look, ...]] = (
    install.look_at_workers,
    install.look_at_queues,
    install.look_at_mail,
    install.look_at_disk,
    install.look_at_clearing,
    site.look_at_clocks,
    site.look_at_certificates,
    site.look_at_sessions,
    site.look_at_fallbacks,
)


def examine(*, now: datetime) -> list[Finding]:
    """Without a database that answers and is migrated, the site can't be looked at."""
    findings = [finding for look in WITHOUT_DATABASE for finding in _tried(look, now)]
    if any(finding.part == "database" and finding.grade is Grade.ERROR for finding in findings):
        return findings
    return findings + [finding for look in WITH_DATABASE for finding in _tried(look, now)]


def _tried(look: Look, now: datetime) -> list[Finding]:
    part = look.__name__.removeprefix("look_at_")
    try:
        return list(look(now))
    except Exception as failure:  # noqa: BLE001 (a doctor who faints helps nobody)
        said = f"The look failed: {type(failure).__name__}: {failure}"
        return [error(part, said, "Please report it, with the output of `manage.py doctor --json`.")]
