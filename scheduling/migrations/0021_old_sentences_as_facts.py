"""Sentences of slots and emergencies, stored in English, as code and facts. What is not recognised stays a text."""

import re
from typing import Any

from django.db import migrations

from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in

KWH = r"[\d.,e+]+"
EMERGENCIES = [
    (r"The time it is needed by has passed\.", "emergency.time_passed"),
    (r"The car is not plugged in at a charger of this community\.", "emergency.not_plugged_in"),
    (r"(?P<used>\d+) of (?P<all>\d+) emergencies of this month are used\.", "emergency.month_used"),
    (r"(?P<count>\d+) strikes are in force: no priority until they lapse\.", "emergency.strikes_in_force"),
    (r"(?P<count>\d+) strikes are on record, so a manager decides\.", "emergency.strikes_on_record"),
    (r"No linked car tells its charge: say how far you must drive\.", "emergency.distance_missing"),
    (r"The charge in the car covers the need already\.", "emergency.covered"),
    (rf"Without the car's word at most (?P<energy_wh>{KWH}) kWh are granted\.", "emergency.unproven_most"),
    (rf"(?P<distance_km>\d+) km need about (?P<energy_wh>{KWH}) kWh\.", "emergency.distance_needs"),
    (rf"(?P<energy_wh>{KWH}) kWh of it are in the battery already\.", "emergency.in_battery"),
    (rf"The battery has room for (?P<energy_wh>{KWH}) kWh\.", "emergency.battery_room"),
    (r"The car holds (?P<charge_pct>\d+) % already\.", "emergency.car_holds"),
    (r"The car itself tells a charge of (?P<charge_pct>\d+) %\.", "emergency.car_tells"),
    (r"The car's last word on its charge is (?P<hours>\d+) h old and proves nothing\.", "emergency.word_too_old"),
    (r"No linked car tells its charge\.", "emergency.no_car_tells"),
    (r"A manager confirms each emergency here\.", "emergency.manager_confirms_each"),
    (r"A strike is on record, so a manager decides\.", "emergency.strike_on_record"),
    (r"A manager confirms what no car proves\.", "emergency.manager_confirms_unproven"),
    (r"Nobody decided in time", "emergency.undecided"),
    (r"Served", "emergency.served"),
    (r"Its time is over", "emergency.time_over"),
    (r"The session ended", "emergency.session_ended"),
    (rf"The car left with (?P<received_wh>{KWH}) of (?P<granted_wh>{KWH}) kWh", "emergency.car_left"),
    (r"No longer in the community", "emergency.left_community"),
]
REST = r"(\. The rest comes as far as there is room)?"
# A slot kept the words with their blanks, which its own amounts fill; before that, with the amounts in them.
AMOUNTS = rf"(%\(promised\)s|{KWH}( kWh)?) of (%\(energy\)s|{KWH} kWh)"
SLOTS = [
    (rf"{AMOUNTS} can be promised for sure: .*", "slot.held_back"),
    (rf"{AMOUNTS} fit into this window beside what was promised before{REST}", "slot.fits_in_part"),
    (rf"No room for (%\(energy\)s|{KWH} kWh) in this window beside what was promised before", "slot.no_room"),
    (rf"{AMOUNTS} count, by what your car took before.*", "slot.counts_in_part"),
    (r"Cancelled by the driver", "slot.cancelled_by_driver"),
    (r"Cancelled by a manager: (?P<why>.*)", "slot.cancelled_by_manager"),
    (r"Changed by the driver", "slot.changed_by_driver"),
    (r"The driver left", "slot.driver_left"),
    (r"No longer in the community", "slot.left_community"),
    (r"The car did not come", "slot.car_did_not_come"),
    (r"The account was closed", "slot.account_closed"),
]
ABOUT_BOTH = ("slot.held_back", "slot.fits_in_part", "slot.counts_in_part")


def read_emergency(text: Any) -> Any:
    """As code and facts; a person's words, or what is that already, as it is."""
    if not isinstance(text, str):
        return text
    for pattern, code in EMERGENCIES:
        found = re.fullmatch(pattern, text)
        if found is not None:
            facts = {name: _number(name, value) for name, value in found.groupdict().items()}
            return {"code": code, "facts": facts}
    return {"code": "words", "facts": {"text": text}}


def read_slot(text: str, *, promised_wh: int, energy_wh: int) -> Any:
    for pattern, code in SLOTS:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found is None:
            continue
        if code in ABOUT_BOTH:
            return {"code": code, "facts": {"promised_wh": promised_wh, "energy_wh": energy_wh}}
        if code == "slot.no_room":
            return {"code": code, "facts": {"energy_wh": energy_wh}}
        return {"code": code, "facts": found.groupdict()}
    return None


def _number(name: str, value: str) -> int:
    return round(float(value) * 1000) if name.endswith("_wh") else int(value)


def read_old_sentences(apps: Any, schema_editor: Any) -> None:
    emergencies = apps.get_model("scheduling", "EmergencyRequest").objects
    for claim in emergencies.only("reasons").iterator():
        read = [read_emergency(reason) for reason in claim.reasons]
        if read != claim.reasons:
            emergencies.filter(pk=claim.pk).update(reasons=read)
    slots = apps.get_model("scheduling", "SlotRequest").objects
    for slot in slots.exclude(why="").only("why", "promised_wh", "energy_wh").iterator():
        said = read_slot(slot.why, promised_wh=slot.promised_wh, energy_wh=slot.energy_wh)
        if said is not None:
            slots.filter(pk=slot.pk).update(why="", why_said=said)


def write_old_sentences(apps: Any, schema_editor: Any) -> None:
    emergencies = apps.get_model("scheduling", "EmergencyRequest").objects
    for claim in emergencies.only("reasons").iterator():
        told = [tell_in("en", Said.of_stored(reason)) for reason in claim.reasons]
        emergencies.filter(pk=claim.pk).update(reasons=told)
    slots = apps.get_model("scheduling", "SlotRequest").objects
    for slot in slots.filter(why_said__isnull=False).only("why_said").iterator():
        why = tell_in("en", Said.of_stored(slot.why_said))[:300]
        slots.filter(pk=slot.pk).update(why=why, why_said=None)


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0020_what_is_said")]

    operations = [migrations.RunPython(read_old_sentences, write_old_sentences)]
