"""Answers to limits and composite schedules, and the reservations that follow from each.

All in the transaction that stores the answers. Each changes one connector and needs no lock of the cluster.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chargers.domain.limits import (
    boots,
    exposures,
    outranked,
    read_back,
    shared_ids,
    siblings,
)
from chargers.domain.makes import leases, makes, pausing
from chargers.enums import CommandState, SessionState
from chargers.exposure import NEVER_S, Exposure, Span
from chargers.models import ChargerCommand, Connector, Session
from chargers.models.command import NEVER_SENT_STATES
from evbalancer.common.db.rows import store_columns

REFUSALS_UNTIL_UNCONTROLLABLE = 3


def limits_answered(answered: Sequence[ChargerCommand], *, now: datetime) -> None:
    """Turn the outcomes of SET_LIMIT into what is reserved. In the transaction that stores the answers, in few queries."""
    answers = [(command, command.connector_id) for command in answered if command.connector_id is not None]
    ids = [connector_id for _, connector_id in answers]
    if not ids:
        return
    connectors = {connector.pk: connector for connector in exposures.lock_these_connectors(ids)}
    sessions = {
        session.connector_id: session
        for session in Session.objects.filter(connector_id__in=ids, state=SessionState.ACTIVE)
    }
    spans, read_at = exposures.open_spans(ids), read_back.newest_reads(sessions.values())
    for command, connector_id in answers:
        connector, session = connectors[connector_id], sessions.get(connector_id)
        exposure = exposures.read_exposure(
            connector,
            phases_seen=session.phases_seen if session is not None else "",
            open_spans=spans.get(connector_id, ()),
        )
        if session is not None and session.pk == command.session_id:
            before = exposure
            exposure = _after_answer(command, session, connector, exposure, now=now)
            if connector.charge_point.shares_profile_ids:
                exposure = shared_ids.keep_doubts(exposure, before)
            if command.state == CommandState.ACCEPTED:
                span = _span(command)
                read_back.follow_up(
                    connector, span, session=session, read_at=read_at.get(connector_id), now=now
                )
        # Else the transaction it was for is over, and its limits with it.
        exposure = replace(exposure, uncontrollable=connector.uncontrollable_since is not None)
        exposures.write_exposure(connector, exposure, now=now)
    store_columns(list(connectors.values()), exposures.FIELDS)
    accepted = [command for command, _ in answers if command.state == CommandState.ACCEPTED]
    for command in accepted:
        if command.charge_point.shares_profile_ids:
            shared_ids.clear_shared(command.charge_point, now=now)
    siblings.ask_siblings([connectors[pk] for pk in {one.connector_id for one in accepted} if pk], now=now)


def _span(command: ChargerCommand) -> Span:
    return Span(command.limit_ma or 0, NEVER_S if command.ends_at is None else command.ends_at.timestamp())


def _after_answer(
    command: ChargerCommand, session: Session, connector: Connector, exposure: Exposure, *, now: datetime
) -> Exposure:
    """The exposure after the charger's answer; the connector's row keeps whether it obeys."""
    now_s, span, state = now.timestamp(), _span(command), command.state
    if state == CommandState.ACCEPTED:
        pausing.limit_accepted(connector, now=now)
        # Only the running transaction's profile is taken, so this is also word of which one runs.
        exposure = exposure.accepted(span, now_s=now_s, still_open=exposure.open).told(now_s=now_s)
        connector.told_connection_id = command.connection_id
        connector.confirmed_at = now
        if not outranked.is_outranked(connector):
            connector.uncontrollable_since, connector.clocks_apart = None, False
        connector.refusals = 0
    elif state in NEVER_SENT_STATES:
        pass
    elif state == CommandState.REJECTED:
        _count_refusal(connector, session, now=now)
    else:
        # An error answer proves nothing: some chargers apply the profile and then fail to say so.
        exposure = exposure.lost(span, now_s=now_s, still_open=exposure.open)
        if state == CommandState.ERROR:
            _count_refusal(connector, session, now=now)
    return exposure


def is_offer(command: ChargerCommand) -> bool:
    """Whether the answer shows the charger's offer, now or over time. A question after a boot is about the fallback alone."""
    return command.state == CommandState.ACCEPTED and not boots.is_about_boot(command)


def offers_read(read: Sequence[ChargerCommand], *, now: datetime) -> None:
    """Compare what chargers offer cars, or would offer one, with all that they may hold of ours. In few queries: every
    transaction is read back once."""
    ids = [command.connector_id for command in read if command.connector_id is not None]
    if not ids:
        return
    connectors = {one.pk: one for one in exposures.lock_these_connectors(ids)}
    makes.share_makes(one.charge_point for one in connectors.values())
    spans, seen = exposures.open_spans(ids), exposures.phases_seen_on(ids)
    for command in read:
        if command.connector_id is None:
            continue
        connector = connectors[command.connector_id]
        command.connector, command.charge_point = connector, connector.charge_point
        exposure = exposures.read_exposure(
            connector, phases_seen=seen.get(connector.pk, ""), open_spans=spans.get(connector.pk, ())
        )
        exposure = _after_offer(connector, command, replace(exposure, uncontrollable=False), now=now)
        uncontrollable = connector.uncontrollable_since is not None
        exposures.write_exposure(connector, replace(exposure, uncontrollable=uncontrollable), now=now)
    store_columns(list(connectors.values()), exposures.FIELDS)
    for command in read:
        if command.connector_id is not None and read_back.is_by_our_clock(command):
            ahead_s = read_back.clock_ahead_s(command)
            leases.learn_from_schedule(command, read_back.periods_of(command), ahead_s=ahead_s, now=now)


def _after_offer(
    connector: Connector, command: ChargerCommand, exposure: Exposure, *, now: datetime
) -> Exposure:
    offered_ma, is_by_our_clock = read_back.offered_ma(command), read_back.is_by_our_clock(command)
    if not connector.in_transaction:
        outranked.idle_read(connector, command, now=now)
    elif offered_ma is not None:
        # A limit that the car may still be leaving is no offer any more.
        ours_ma = max((span.limit_ma for span in exposure.spans), default=0)
        most_ma = (
            exposure.nameplate_ma if exposure.fallback_ma is None else max(ours_ma, exposure.fallback_ma)
        )
        if offered_ma > most_ma + leases.TOLERANCE_MA:
            outranked.note_outranked(connector, offered_ma, is_by_our_clock=is_by_our_clock, now=now)
        else:
            outranked.note_obedience(connector)
            exposure = siblings.judge_offer(
                connector, exposure, offered_ma, is_by_our_clock=is_by_our_clock, now=now
            )
    return exposure


def _count_refusal(connector: Connector, session: Session, *, now: datetime) -> None:
    booted_at = connector.charge_point.booted_at
    if booted_at is not None and booted_at >= session.last_word_at:
        # It restarted and has not spoken of the transaction since: most likely there is none that could take a limit.
        return
    connector.refusals += 1
    if connector.refusals >= REFUSALS_UNTIL_UNCONTROLLABLE and connector.uncontrollable_since is None:
        connector.uncontrollable_since = now
