from enum import property as enum_property

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class WordedChoices(models.TextChoices):
    """Choices whose labels are shown in the reader's language."""

    @enum_property
    def label(self) -> Promise:
        return gettext_lazy(str(self._label_))


class WordedNumbers(models.IntegerChoices):
    @enum_property
    def label(self) -> Promise:
        return gettext_lazy(str(self._label_))
