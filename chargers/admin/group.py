from django.contrib import admin

from chargers.models import ConnectorGroup
from grid.admin.groups import GroupAdmin


@admin.register(ConnectorGroup)
class ConnectorGroupAdmin(GroupAdmin):
    autocomplete_fields = ("connectors",)
    fields = ("name", "connectors")
