"""A person's own mail address: changed by a link to the new one, and the old one hears of it."""

from datetime import datetime, timedelta
from typing import Final

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from drivers.domain.mailing.mail_server import deliver_mails
from drivers.errors import AccountExists
from drivers.models import Driver, User
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.mail import Mail, Reason
from evbalancer.common.words.said import Said
from grid.domain import audit

LASTS: Final = timedelta(hours=1)
SALT: Final = "evbalancer.address"


def ask_for_address(user: User, address: str, *, page: str) -> Reason:
    """Mail a link to the new address. Returns why it could not be sent. Raises InvalidInput.

    Whether somebody else has the address is said in that mail alone: the answer tells nobody who has an account.
    """
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput("email", Said("refusal.address_needed")) from error
    if User.objects.filter(email__iexact=address).exclude(pk=user.pk).exists():
        text = gettext(
            "Somebody wanted to use this address for their account at EV Balancer. Yours has it already, so nothing was changed."
        )
    else:
        token = signing.dumps([user.pk, user.email, address], salt=SALT)
        text = gettext(
            "Confirm this address for the account %(name)s within an hour. The link works once:\n%(link)s\n\nIf it wasn't you, ignore this mail."
        ) % {"name": user.get_username(), "link": f"{page}/{token}"}
    [reason] = deliver_mails([Mail(address, gettext("Your address at EV Balancer"), text)])
    return reason


@transaction.atomic
def confirm_address(token: str, *, now: datetime) -> User:
    """Raises NotFound for a link that is wrong, old or used; AccountExists if somebody took the address meanwhile."""
    try:
        pk, former, address = signing.loads(token, salt=SALT, max_age=LASTS)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound(Said("refusal.address_link_over")) from error
    user = User.objects.select_for_update(no_key=True).filter(pk=pk, email=former, is_active=True).first()
    if user is None or former == address:
        raise NotFound(Said("refusal.address_link_over"))
    try:
        with transaction.atomic():
            User.objects.filter(pk=pk).update(email=address)
    except IntegrityError as error:
        raise AccountExists(Said("refusal.address_of_another")) from error
    user.email = address
    if former:
        Driver.objects.filter(user=user, email__iexact=former).update(email=address)
        text = gettext(
            "The address of your account %(name)s was changed to another one. If it wasn't you, ask the operator of this server at once."
        ) % {"name": user.get_username()}
        told = Mail(former, gettext("Your address at EV Balancer"), text)
        transaction.on_commit(lambda: deliver_mails([told]), robust=True)
    audit.record_entry(
        actor=audit.Actor.of_user(user),
        action="user.address_changed",
        target=user,
        now=now,
        before={"email": former},
        after={"email": address},
    )
    return user
