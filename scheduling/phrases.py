"""What is said of slots, emergencies, standing and power: a sentence for each code. Every one has its translations, tested."""

from django.utils.functional import Promise
from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases
from scheduling.enums import AlarmKind, EmergencyState, FindingKind, SlotState

EMERGENCIES: dict[str, Phrase] = {
    "emergency.moved": gettext_noop("Emergency: %(state)s. %(why)s"),
    "emergency.time_passed": gettext_noop("The time it is needed by has passed."),
    "emergency.not_plugged_in": gettext_noop("The car is not plugged in at a charger of this community."),
    "emergency.month_used": gettext_noop("%(used)s of %(all)s emergencies of this month are used."),
    "emergency.strikes_in_force": (
        gettext_noop("%(count)s strike is in force: no priority until it lapses."),
        gettext_noop("%(count)s strikes are in force: no priority until they lapse."),
    ),
    "emergency.distance_missing": gettext_noop("No linked car tells its charge: say how far you must drive."),
    "emergency.covered": gettext_noop("The charge in the car covers the need already."),
    "emergency.unproven_most": gettext_noop("Without the car's word at most %(energy)s are granted."),
    "emergency.distance_needs": gettext_noop("%(distance)s need about %(energy)s."),
    "emergency.in_battery": gettext_noop("%(energy)s of it are in the battery already."),
    "emergency.battery_room": gettext_noop("The battery has room for %(energy)s."),
    "emergency.car_tells": gettext_noop("The car itself tells a charge of %(charge)s."),
    "emergency.word_too_old": gettext_noop(
        "The car's last word on its charge is %(hours)s h old and proves nothing."
    ),
    "emergency.no_car_tells": gettext_noop("No linked car tells its charge."),
    "emergency.manager_confirms_each": gettext_noop("A manager confirms each emergency here."),
    "emergency.strike_on_record": gettext_noop("A strike is on record, so a manager decides."),
    "emergency.manager_confirms_unproven": gettext_noop("A manager confirms what no car proves."),
    "emergency.undecided": gettext_noop("Nobody decided in time."),
    "emergency.served": gettext_noop("Served."),
    "emergency.time_over": gettext_noop("Its time is over."),
    "emergency.car_left": gettext_noop("The car left with %(received)s of %(granted)s."),
    "emergency.left_community": gettext_noop("No longer in the community."),
    # No longer said, and in old rows.
    "emergency.strikes_on_record": (
        gettext_noop("%(count)s strike is on record, so a manager decides."),
        gettext_noop("%(count)s strikes are on record, so a manager decides."),
    ),
    "emergency.car_holds": gettext_noop("The car holds %(charge)s already."),
    "emergency.session_ended": gettext_noop("The session ended."),
}
# No point at their end: pages and messages put them into sentences of their own.
SLOTS: dict[str, Phrase] = {
    "slot.held_back": gettext_noop(
        "%(promised)s of %(energy)s can be promised for sure: there was not enough for everybody in the last weeks. The rest comes as far as there is room"
    ),
    "slot.fits_in_part": gettext_noop(
        "%(promised)s of %(energy)s fit into this window beside what was promised before. The rest comes as far as there is room"
    ),
    "slot.no_room": gettext_noop("No room for %(energy)s in this window beside what was promised before"),
    "slot.counts_in_part": gettext_noop("%(promised)s of %(energy)s count, by what your car took before"),
    "slot.cancelled_by_driver": gettext_noop("Cancelled by the driver"),
    "slot.cancelled_by_manager": gettext_noop("Cancelled by a manager: %(why)s"),
    "slot.changed_by_driver": gettext_noop("Changed by the driver"),
    "slot.driver_left": gettext_noop("The driver left"),
    "slot.left_community": gettext_noop("No longer in the community"),
    "slot.car_did_not_come": gettext_noop("The car did not come"),
    "slot.account_closed": gettext_noop("The account was closed"),
}
NOTICES: dict[str, Phrase] = {
    "notice.promise_falls_short": gettext_noop(
        "Your promise can't be kept in full: %(expected)s of the %(promised)s by %(by)s remain. There is less room than expected."
    ),
    "notice.slot_promised": gettext_noop("All %(energy)s are promised by %(by)s."),
    "notice.slot_partly_promised": gettext_noop("%(promised)s of %(energy)s are promised by %(by)s."),
    "notice.slot_unmet": gettext_noop(
        "Your car left with %(received)s of the %(promised)s that were promised by %(by)s."
    ),
    "notice.slot_moved": gettext_noop("Your slot until %(by)s: %(state)s."),
    "notice.slot_moved_because": gettext_noop("Your slot until %(by)s: %(state)s. %(why)s."),
    "notice.no_show_charged": gettext_noop(
        "Your slot until %(by)s was kept for you, and your car did not come: that costs %(sum)s. If you could not come, ask a manager to waive it."
    ),
    "notice.power_cut": gettext_noop(
        "%(circuit)s is limited to %(limit)s a phase: %(why)s. Cars may get less."
    ),
    "notice.power_cut_until": gettext_noop(
        "%(circuit)s is limited to %(limit)s a phase until %(until)s: %(why)s. Cars may get less."
    ),
    "notice.emergency_first": gettext_noop(
        "An emergency nearby is served first until %(until)s. Your car may get less until then."
    ),
    "notice.overdraw": gettext_noop(
        "The car at %(connector)s draws %(measured)s where %(allowed)s are allowed. Others may get less, and it is stopped if it goes on."
    ),
    "notice.stray": gettext_noop(
        "%(measured)s flow at %(connector)s although nobody is charging there. Others may get less. The charger can't be stopped from here: please have a look at it."
    ),
    "notice.car_full": gettext_noop("Your car at %(connector)s takes no more: %(energy)s."),
    "notice.overstay": gettext_noop(
        "Your car at %(connector)s is done. Please move it: others may need the space."
    ),
}
STANDING: dict[str, Phrase] = {
    "finding.strike": gettext_noop("A strike: %(about)s. %(why)s You can appeal."),
    "finding.by_house_rules": gettext_noop("By the house rules, without a manager."),
    "habit.forgotten": gettext_noop("Your learnt habits were deleted: %(why)s"),
    "habit.stands": gettext_noop("Your learnt habits stay: %(why)s"),
}
# What a driver could do about the state of the car.
ADVICE: dict[str, Phrase] = {
    "could.say_need": gettext_noop("Enter your energy and your departure: cars that leave early go first"),
    "could.claim_emergency": gettext_noop("Claim an emergency if you must drive before then"),
    "could.move_car": gettext_noop("Move the car: others may need the space"),
}
WORDS: dict[str, Promise] = {
    **{f"slot_state.{state.value}": state.label for state in SlotState},
    **{f"emergency_state.{state.value}": state.label for state in EmergencyState},
    **{f"finding_kind.{kind.value}": kind.label for kind in FindingKind},
    **{f"alarm_kind.{kind.value}": kind.label for kind in AlarmKind},
}

# To managers and operators. No sentence names a driver.
ALARMS: dict[str, Phrase] = {
    "alarm.circuit_gone": gettext_noop(
        "All %(count)s chargers on %(circuit)s went offline at once: a breaker or fuse may have opened."
    ),
    "alarm.nobody_balances": gettext_noop(
        "Nobody balances %(cluster)s: limits stay as they are, and what was granted lapses."
    ),
    "alarm.balancing_fails": gettext_noop(
        "Balancing %(cluster)s fails (%(error)s): limits don't change, and granted power lapses."
    ),
    "alarm.overdraw": gettext_noop("%(connector)s draws %(measured)s, more than its limit: others get less."),
    "alarm.limit_refused": gettext_noop("%(connector)s does not take its limits: others get less."),
    "alarm.not_covered": gettext_noop(
        "The lowered limit of %(circuit)s is not covered while chargers are offline: %(uncovered)s more could flow."
    ),
    "alarm.exposed": gettext_noop(
        "%(circuit)s could be drawing %(over)s more than its limit: chargers that can't be steered count at their highest."
    ),
    "alarm.meter_silent": gettext_noop(
        "The building meter of %(circuit)s is silent: its highest load is assumed, and cars get less."
    ),
    "alarm.faulted": gettext_noop("%(place)s is faulted: %(fault)s."),
    "alarm.no_fault_code": gettext_noop("no code given"),
    "alarm.offline": gettext_noop(
        "%(charge_point)s has been offline since %(since)s: its power stays reserved."
    ),
    "alarm.emergency": gettext_noop("An emergency waits for your decision; it is needed by %(by)s."),
    "alarm.appeal": gettext_noop("An appeal against a strike waits for your decision."),
    "alarm.objection": gettext_noop("An objection to what was learnt of a driver waits for your decision."),
    "alarm.certificate": gettext_noop("The certificate of %(charge_point)s ends on %(ends)s."),
    "alarm.grid_fault": gettext_noop("%(charge_point)s acts on a fault of the grid: %(word)s."),
    "alarm.firmware": gettext_noop("The firmware update of %(charge_point)s failed: %(word)s."),
    "alarm.workers_gone": gettext_noop(
        "No worker balances: %(stand_in)s does it in their place. Other periodic work waits."
    ),
    "alarm.disk": gettext_noop("The disk of the server is %(used)s full: soon nothing can be stored."),
    "alarm.mail": gettext_noop("The mail server takes no mail: %(why)s."),
    "alarm.over": gettext_noop("Over: %(what)s"),
    "alarm.title_begun": gettext_noop("%(where)s: %(what)s"),
    "alarm.title_over": gettext_noop("%(where)s: over: %(what)s"),
    "alarm.count": (gettext_noop("%(count)s alarm"), gettext_noop("%(count)s alarms")),
    "alarm.trial": gettext_noop("This is a test of this channel for alarms."),
    "alarm.several": gettext_noop("%(kind)s (%(count)s): %(names)s."),
    "alarm.several_and_more": gettext_noop("%(kind)s (%(count)s): %(names)s and %(more)s more."),
    "alarm.several_nameless": gettext_noop("%(kind)s (%(count)s)."),
}
# The same to residents: what it means for them, without a name.
PLAIN_ALARMS: dict[str, Phrase] = {
    "alarm_plain.circuit_gone": gettext_noop("Several chargers can't be reached: cars may not charge there."),
    "alarm_plain.nobody_balances": gettext_noop("Power is not shared out at the moment: cars may get less."),
    "alarm_plain.overdraw": gettext_noop("A car draws more than it may: the others get less."),
    "alarm_plain.not_covered": gettext_noop("Power is short here: cars may get less."),
    "alarm_plain.limit_refused": gettext_noop("A charger can't be steered: the others get less."),
    "alarm_plain.meter_silent": gettext_noop("The building's load is not known: cars get less."),
    "alarm_plain.faulted": gettext_noop("A charger is out of order."),
    "alarm_plain.offline": gettext_noop("A charger can't be reached."),
}
# What a refusal says to its reader.
REFUSALS: dict[str, Phrase] = {
    "refusal.only_driver_claims": gettext_noop("Only a driver can claim an emergency."),
    "refusal.wrong_password": gettext_noop("The password is wrong."),
    "refusal.no_connector": gettext_noop("There is no such connector."),
    "refusal.no_vehicle": gettext_noop("There is no such vehicle."),
    "refusal.only_its_driver_changes_slot": gettext_noop("Only its driver can change a slot."),
    "refusal.no_cluster": gettext_noop("You have no such cluster."),
    "refusal.cluster_id_needed": gettext_noop("You charge in several clusters: `cluster_id` is required."),
    "refusal.cluster_needed": gettext_noop("You have several clusters: `cluster` is required."),
    "refusal.energy_or_vehicle_needed": gettext_noop("Give `vehicle_id` or `energy_wh`."),
    "refusal.period_not_valid": gettext_noop("A period has an end after its start, and at most 400 days."),
    "refusal.connector_taken": gettext_noop(
        "This connector is booked, planned or occupied in your window, or out of order."
    ),
    "refusal.change_that_slot_first": gettext_noop(
        "This car has a slot in that time already. Change or cancel that one first."
    ),
    "refusal.only_open_slot": gettext_noop("Only an open slot can be changed."),
    "refusal.energy_not_positive": gettext_noop("Ask for more than 0 Wh."),
    "refusal.departure_in_past": gettext_noop("The departure is in the past."),
    "refusal.departure_too_far": gettext_noop("At most 14 days ahead."),
    "refusal.window_empty": gettext_noop("It must be before the departure."),
    "refusal.slot_for_each_car": gettext_noop(
        "You have a slot for each of your cars then. Change or cancel one, or add a car."
    ),
    "refusal.booked_in_the_meantime": gettext_noop(
        "Somebody else has booked this connector in the meantime."
    ),
    "refusal.finding_decided": gettext_noop("Somebody has already decided this."),
    "refusal.need_in_past": gettext_noop("That is in the past."),
    "refusal.need_is_over": gettext_noop("The time it was needed by has passed."),
    "refusal.emergency_open": gettext_noop(
        "You have an open emergency already. Wait for its end, or withdraw it."
    ),
    "refusal.nothing_learnt": gettext_noop(
        "Nothing has been learnt about you yet, or your objection is under review."
    ),
    "refusal.no_calendar": gettext_noop("There is no such calendar."),
    "refusal.unplug_first": gettext_noop("Unplug it first, so that its session can be closed and billed."),
    "refusal.most_slots": gettext_noop("At most %(most)s slots at a time; cancel one first."),
    "refusal.slot_can_not_become": gettext_noop("The slot's state is “%(state)s”; it can't become “%(to)s”."),
    "refusal.slot_moved": gettext_noop("The slot's state is no longer “%(state)s”; look again."),
    "refusal.emergency_can_not_become": gettext_noop(
        "The emergency's state is “%(state)s”; it can't become “%(to)s”."
    ),
    "refusal.emergency_moved": gettext_noop("The emergency's state is no longer “%(state)s”; look again."),
    "refusal.mail_channel_once": gettext_noop("You have a channel by mail already; change that one."),
    "refusal.no_browser": gettext_noop("Allow messages in this browser first."),
    "refusal.browser_once": gettext_noop("This browser shows alarms already."),
    "refusal.no_mail_for_you": gettext_noop("This server sends no mail, or your account has no address."),
    "refusal.no_topic": gettext_noop(
        "The address ends with the topic, for example https://ntfy.sh/your-topic."
    ),
    "refusal.no_room": gettext_noop(
        "Give the homeserver with the room's id, https://homeserver/#/!room:homeserver, and an access token."
    ),
    "refusal.alarm_settled": gettext_noop("It is over, or somebody has acknowledged it already."),
    "refusal.more_than_battery_holds": gettext_noop("%(vehicle)s holds %(battery)s."),
    "refusal.more_than_time_holds": gettext_noop("Even at full power %(most)s is the most until then."),
}

for phrases in (REFUSALS, EMERGENCIES, SLOTS, NOTICES, STANDING, ADVICE, ALARMS, PLAIN_ALARMS):
    register_phrases(phrases)
register_phrases(WORDS)
