"""What is said of a stay's car: a sentence for each code."""

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases

# Why a car is thought to be the one that stands there.
PHRASES: dict[str, Phrase] = {
    "stay.card": gettext_noop("the driver's card"),
    "stay.booked": gettext_noop("booked for this car"),
    "stay.elsewhere": gettext_noop("it is plugged in elsewhere here"),
    "stay.says_unplugged": gettext_noop("it says that it is not plugged in"),
    "stay.says_plugged_in": gettext_noop("it says that it is plugged in"),
    "stay.plugged_in_then": gettext_noop("it was plugged in at that time"),
    "stay.is_here": gettext_noop("it is here"),
    "stay.is_away": gettext_noop("it is somewhere else"),
    "stay.too_many_phases": gettext_noop("it cannot draw on so many phases"),
    "stay.too_much": gettext_noop("it cannot draw so much"),
    "stay.charge_did_not_rise": gettext_noop("its charge did not rise"),
    "stay.charge_rose_as_drawn": gettext_noop("its charge rose by what was drawn"),
    "stay.charge_rose_otherwise": gettext_noop("its charge rose by something else"),
    "stay.driver_says_so": gettext_noop("the driver says so"),
}
# What a refusal says to its reader.
REFUSALS: dict[str, Phrase] = {
    "refusal.no_connection": gettext_noop("You have no such connection. Start again."),
    "refusal.car_not_linked": gettext_noop("This car is not linked."),
    "refusal.car_silent": gettext_noop("The car does not answer now. Its last known data stays."),
    "refusal.only_its_driver_changes_car": gettext_noop("Only its driver can change a car."),
    "refusal.only_its_driver_names_car": gettext_noop("Only its driver can say which car it is."),
    "refusal.no_car": gettext_noop("You have no such car."),
    "refusal.provider_rests": gettext_noop("The provider accepts no calls for a while."),
    "refusal.car_rests": gettext_noop("This car can't be asked for a while."),
    "refusal.calls_of_month_spent": gettext_noop("This car's calls of the month are spent."),
    "refusal.too_many_calls": gettext_noop("Too many calls were made recently."),
    "refusal.cars_of_another": gettext_noop(
        "Somebody else here has connected these cars and has to disconnect them first."
    ),
    "refusal.choose_offered_car": gettext_noop("Choose among the cars that were offered."),
    "refusal.link_not_valid": gettext_noop("This link is not valid here. Start again."),
    "refusal.link_too_old": gettext_noop("This took longer than ten minutes. Start again."),
    "refusal.another_browser": gettext_noop("You began in another browser. Start again in this one."),
    "refusal.another_person": gettext_noop("Somebody else began this. Sign in again and start over."),
    "refusal.account_not_active": gettext_noop("This account is no longer active."),
    "refusal.link_used": gettext_noop("This link was already used. Start again."),
    "refusal.consent_unknown": gettext_noop("Smartcar doesn't know this consent. Start again."),
    "refusal.smartcar_silent": gettext_noop("Smartcar did not answer. Try again in a few minutes."),
    "refusal.connect_again": gettext_noop("Connect the car again."),
    "refusal.token_not_renewed": gettext_noop("The token could not be renewed now."),
    "refusal.token_in_renewal": gettext_noop("Somebody else has been renewing the token for too long."),
    "refusal.control_not_granted": gettext_noop(
        "Connect the car again and allow it to be started and stopped."
    ),
    "refusal.charger_steers": gettext_noop(
        "The car stands at a charger that is online and obeys. Start, stop or wish there."
    ),
    "refusal.car_refused": gettext_noop("The car or its maker did not accept it. Try again later."),
    "refusal.asked_just_now": gettext_noop("The car was asked less than a minute ago."),
    "refusal.charge_unknown": gettext_noop("The car's battery and charge are unknown; ask for energy_wh."),
    "refusal.charge_stale": gettext_noop("The car's charge is out of date; update it, or ask for energy_wh."),
    "refusal.charge_reached": gettext_noop("The car holds %(charge)s already."),
    "connect.access_denied": gettext_noop(
        "You did not allow the access. Nothing was stored; you can start again at any time."
    ),
    "connect.vehicle_incompatible": gettext_noop(
        "This car can't be connected. You can still charge it here: enter its numbers by hand."
    ),
    "connect.invalid_subscription": gettext_noop(
        "The car's online services are not active. Renew them in the maker's app, then start again."
    ),
    "connect.no_vehicles": gettext_noop(
        "There is no car in that account. Start again with the account that you use in the maker's app."
    ),
    "connect.configuration_error": gettext_noop(
        "Smartcar isn't configured correctly on this site. Please tell the operator. Your car can still charge."
    ),
    "connect.server_error": gettext_noop("Smartcar had a fault. Try again in a few minutes."),
    "connect.not_set_up": gettext_noop(
        "This site has no access to Smartcar yet. The operator can set it up. Your car can still charge: enter its numbers by hand."
    ),
}

register_phrases(PHRASES)
register_phrases(REFUSALS)
