"""A page for one act: a form or a plain question, answered by POST, done by one domain function."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.forms.utils import pretty_name
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext

from evbalancer.common.admin.forms import refuse_far_moments
from evbalancer.common.admin.panels import page_of
from evbalancer.common.errors import DomainError
from evbalancer.common.words.inputs import REASON_FOR_DRIVER, REASON_FOR_TRAIL


class ActForm(forms.Form):
    """Base of the acts' forms. Fields are dressed like the rest of the admin."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            dress(field)
            word_field(name, field)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's hook between cleaning and use
        refuse_far_moments(self)


class ReasonForm(ActForm):
    reason = forms.CharField(**REASON_FOR_TRAIL.options, help_text="Kept in the audit trail.")


class ReasonForDriverForm(ActForm):
    reason = forms.CharField(**REASON_FOR_DRIVER.options, label="Why", help_text="The driver reads it.")


class OptionalReasonForm(ActForm):
    reason = forms.CharField(**REASON_FOR_TRAIL.options, required=False, help_text="Kept in the audit trail.")


def act_page(
    model_admin: Any,
    request: HttpRequest,
    *,
    row: Model | None,
    title: str,
    run: Callable[[dict[str, Any]], str | HttpResponse | Callable[[], HttpResponse]],
    form_class: type[forms.Form] = ReasonForm,
    intro: str = "",
    submit: str = "",
    dangerous: bool = False,
    form_options: dict[str, Any] | None = None,
    back: str = "",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show the form; on POST call `run` with its clean data, in one transaction, and say or show what it returns.

    It may return a function, which is called after the commit, for acts that can't be taken back. A refusal of the domain
    becomes an error of the form, and nothing is changed.
    """
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = form_class(*sent, **(form_options or {}))
    target = back or _page_of(model_admin, row)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                done = run(form.cleaned_data)
        except (DomainError, ValidationError) as refusal:
            _show(form, refusal)
        else:
            if callable(done):
                return done()
            if isinstance(done, HttpResponse):
                return done
            messages.success(request, done)
            return HttpResponseRedirect(target)
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request,
        "admin/act.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.model._meta,
            "original": row,
            "title": title,
            "intro": intro,
            "form": form,
            "submit_label": submit or title,
            "dangerous": dangerous,
            "back": target,
            **(context or {}),
        },
        status=422 if form.errors else 200,
    )


def secret_page(
    model_admin: Any,
    request: HttpRequest,
    *,
    row: Model | None,
    title: str,
    secrets: list[tuple[str, str]],
    advice: str,
    picture: str = "",
) -> HttpResponse:
    """Show what is kept nowhere, in the answer to the POST itself: no cookie, no session, no cache holds it."""
    request.current_app = model_admin.admin_site.name
    response = TemplateResponse(
        request,
        "admin/secret_once.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": (row or model_admin.model)._meta,
            "original": row,
            "title": title,
            "secrets": secrets,
            "advice": advice,
            "picture": picture,
            # The row may be of another model than the page that made it.
            "back": _page_of(model_admin, row) if row is None else page_of(row),
        },
    )
    response["Cache-Control"] = "no-store"
    return response


def _page_of(model_admin: Any, row: Model | None) -> str:
    opts = model_admin.model._meta
    if row is None:
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])


def _show(form: forms.Form, refusal: DomainError | ValidationError) -> None:
    if isinstance(refusal, ValidationError):
        for message in refusal.messages:
            form.add_error(None, message)
        return
    field = getattr(refusal, "field", None)
    form.add_error(field if field in form.fields else None, refusal.detail or refusal.title)


def word_field(name: str, field: forms.Field) -> None:
    """A form says its words in English: its reader's language has them here."""
    field.label = gettext(str(field.label or pretty_name(name)))
    field.help_text = field.help_text and gettext(str(field.help_text))
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices: Any = field.choices
        field.choices = [(value, _label(label)) for value, label in choices]


def _label(label: Any) -> Any:
    if isinstance(label, list | tuple):
        return [(value, _label(one)) for value, one in label]
    return gettext(label) if isinstance(label, str) and label else label


def dress(field: forms.Field) -> None:
    from unfold import widgets  # its widgets need the app registry

    widget = field.widget
    if isinstance(widget, forms.CheckboxInput):
        classes = widgets.SWITCH_CLASSES
    elif isinstance(widget, forms.Select):
        classes = widgets.SELECT_CLASSES
    elif isinstance(widget, forms.Textarea):
        classes = widgets.TEXTAREA_CLASSES
    else:
        classes = widgets.INPUT_CLASSES
    if not isinstance(widget, forms.HiddenInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        widget.attrs.setdefault("class", " ".join(classes))
