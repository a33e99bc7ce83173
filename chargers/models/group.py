from django.db import models

from grid.models import NamedGroup


class ConnectorGroup(NamedGroup):
    """Connectors that have something in common, for example the visitors' spaces."""

    MEMBERS = ("connectors",)

    connectors = models.ManyToManyField("chargers.Connector", blank=True, related_name="groups")

    class Meta(NamedGroup.Meta):
        verbose_name = "group of connectors"
        verbose_name_plural = "groups of connectors"
