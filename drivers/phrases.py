"""What is said of accounts and standing: a sentence for each code."""

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases

PHRASES: dict[str, Phrase] = {
    "strike.lifted": gettext_noop("Your strike is lifted: %(why)s"),
    "strike.stands": gettext_noop("Your strike stands: %(why)s"),
    "suspension.begun": gettext_noop("You are suspended until %(until)s."),
    "suspension.ended": gettext_noop("Your suspension has ended."),
    "account.linked": gettext_noop(
        "The account %(name)s now opens your driver's record: its user can read your charging, bookings and cars. If it isn't yours, ask the managers."
    ),
    "push.trial": gettext_noop("This is a test: messages of EV Balancer reach this browser."),
    "push.more": (gettext_noop("and %(count)s more"), gettext_noop("and %(count)s more")),
}
# What a refusal says to its reader.
REFUSALS: dict[str, Phrase] = {
    "refusal.only_driver_of_community": gettext_noop("Only a driver of this community can do this."),
    "refusal.no_community": gettext_noop("You have no such community."),
    "refusal.only_driver": gettext_noop("Only a driver can do this."),
    "refusal.community_needed": gettext_noop("You charge in several communities: `%(name)s` is required."),
    "refusal.community_id_needed": gettext_noop("`community_id` is required."),
    "refusal.sign_in_again": gettext_noop("Sign in again."),
    "refusal.token_used_before": gettext_noop(
        "This refresh token was used before. Every session was signed out; sign in again."
    ),
    "refusal.invitation_over": gettext_noop("This invitation is no longer valid; ask for another one."),
    "refusal.invitation_used": gettext_noop(
        "This invitation was already used. Sign in, or request a new password if you forgot yours."
    ),
    "refusal.invitation_revoked": gettext_noop(
        "This invitation was withdrawn or replaced. Use the newest one, or ask a manager."
    ),
    "refusal.invitation_expired": gettext_noop(
        "This invitation is more than two weeks old. Ask a manager for a new one."
    ),
    "refusal.address_has_account": gettext_noop(
        "An account with your e-mail address exists. Sign in with it, then open the invitation again."
    ),
    "refusal.user_name_taken": gettext_noop("Somebody has this user name; choose another one."),
    "refusal.invitation_settled": gettext_noop("It was already used or revoked."),
    "refusal.quiet_hours_incomplete": gettext_noop("Quiet hours have a beginning and an end."),
    "refusal.quiet_hours_all_day": gettext_noop("Quiet hours must not be the whole day."),
    "refusal.strike_settled": gettext_noop("It was appealed or decided before, or has lapsed."),
    "refusal.decided_before": gettext_noop("Somebody has already decided this. Reload it."),
    "refusal.no_such_kind": gettext_noop("There is no kind %(kind)s."),
    "refusal.most_addresses": gettext_noop("At most %(most)s addresses; remove one first."),
    "refusal.no_web_push": gettext_noop("This server has no key for web push. Ask the operator."),
    "refusal.push_keys": gettext_noop("These are not the keys of a browser. Allow messages there again."),
    "refusal.signs_in_already": gettext_noop("%(driver)s signs in as %(user)s already."),
    "refusal.first_code_wrong": gettext_noop("This is not the code. The server shows it when it starts."),
    "refusal.first_account_made": gettext_noop("This server has its first account already. Sign in."),
    "refusal.address_needed": gettext_noop("Enter an e-mail address."),
    "refusal.code_wrong": gettext_noop(
        "This code is wrong or was used before. Enter the next one that your app shows, or a recovery code."
    ),
    "refusal.address_link_over": gettext_noop(
        "This link was already used, or it is more than an hour old. Change the address again."
    ),
    "refusal.address_of_another": gettext_noop("Another account has this e-mail address."),
    "refusal.no_way_for_link": gettext_noop(
        "The account has no mail address, or this server sends no mail. An operator can set a new password."
    ),
    "refusal.passkey_unfit": gettext_noop(
        "The passkey could not be used. Try it again, or enter a code of your app or a recovery code."
    ),
    "refusal.invite_instead": gettext_noop(
        "An account with the address %(email)s exists. Invite this person: they join with that account."
    ),
    "refusal.user_name_of_another": gettext_noop("Somebody else signs in as %(user)s; choose another name."),
}

register_phrases(PHRASES)
register_phrases(REFUSALS)
