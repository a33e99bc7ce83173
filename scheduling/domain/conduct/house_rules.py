"""A community's policy, as it has set it or by default."""

from datetime import timedelta

from grid.models import Community
from scheduling.models import HouseRules
from scheduling.rules.abuse import Thresholds


def rules_of(community: Community) -> HouseRules:
    """The community's row, or an unsaved one with the defaults."""
    found: HouseRules | None = HouseRules.objects.filter(community=community).first()
    return found or HouseRules(community=community)


def read_thresholds(community: Community, policy: HouseRules) -> Thresholds:
    return Thresholds(
        overstay_grace=timedelta(minutes=community.overstay_grace_min),
        emergency_stay=timedelta(hours=policy.emergency_stay_h),
        no_shows=policy.no_shows,
        no_show_period=timedelta(days=policy.no_show_days),
        open_slots=policy.open_slots,
        unused_share=policy.unused_pct / 100,
        shared_for=timedelta(minutes=policy.shared_tag_min),
        energy_share=policy.energy_tolerance_pct / 100,
        energy_wh=policy.energy_tolerance_wh,
        tamper_events=policy.tamper_events,
    )
