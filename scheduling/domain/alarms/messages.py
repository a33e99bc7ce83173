"""One message of all alarms that are due for one channel, in the channel's language."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.conf import settings
from django.utils.translation import override

from evbalancer.common.ids import name_of_all
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell
from scheduling.domain.alarms.wording import group_alarms, group_sentence, is_grave
from scheduling.models import Alarm, AlarmChannel, AlarmNotice

# Where there is no community to name.
SERVER_NAME: Final = "EV Balancer"


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is the same as long as the same notices are sent, so that a receiver can tell a repetition."""

    id: str
    title: str
    text: str
    is_grave: bool
    data: dict[str, Any]


def compose_message(channel: AlarmChannel, notices: Collection[AlarmNotice]) -> Message:
    begun = [notice.alarm for notice in notices if not notice.is_end]
    ended = [notice.alarm for notice in notices if notice.is_end]
    with override(channel.language or settings.LANGUAGE_CODE):
        lines = [*_sections(begun), *_sections(ended, is_end=True)]
        return Message(
            id=f"msg_{name_of_all(notice.pk for notice in notices)}",
            title=_title(begun, ended),
            text="\n".join(lines),
            is_grave=any(map(is_grave, begun)),
            data={"begun": [_plain(alarm) for alarm in begun], "ended": [_plain(alarm) for alarm in ended]},
        )


def compose_trial(channel: AlarmChannel, *, now: datetime) -> Message:
    """To see whether the channel works."""
    with override(channel.language or settings.LANGUAGE_CODE):
        text = tell(Said("alarm.trial"))
    stamp = int(now.timestamp())
    return Message(
        f"msg_{channel.pk.hex}{stamp}", SERVER_NAME, text, is_grave=False, data={"begun": [], "ended": []}
    )


def _title(begun: Sequence[Alarm], ended: Sequence[Alarm]) -> str:
    every = [*begun, *ended]
    names = {_where(alarm) for alarm in every}
    where = names.pop() if len(names) == 1 else SERVER_NAME
    code = "alarm.title_begun" if begun else "alarm.title_over"
    if len(every) == 1:
        what = Said(f"alarm_kind.{every[0].kind}")
    else:
        what = Said("alarm.count", {"count": len(begun or ended)})
    return tell(Said(code, {"where": where, "what": what}))


def _sections(alarms: Collection[Alarm], *, is_end: bool = False) -> Iterator[str]:
    """A line for each kind, under the name of its community where there are several."""
    ordered = sorted(alarms, key=_where)
    several = len({_where(alarm) for alarm in ordered}) > 1
    for where, of_one in groupby(ordered, key=_where):
        if several:
            yield f"{where}:"
        for group in group_alarms(of_one):
            sentence = group_sentence(group)
            yield tell(Said("alarm.over", {"what": sentence})) if is_end else sentence


def _where(alarm: Alarm) -> str:
    return SERVER_NAME if alarm.community is None else alarm.community.name


def _plain(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": str(alarm.pk),
        "kind": alarm.kind,
        "community_id": alarm.community_id and str(alarm.community_id),
        "text": alarm.told,
        "said": alarm.said and alarm.said.stored,
        "began_at": alarm.began_at,
        "ended_at": alarm.ended_at,
    }
