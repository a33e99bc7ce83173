from django.contrib import admin

from drivers.models import DriverGroup
from grid.admin.groups import GroupAdmin


@admin.register(DriverGroup)
class DriverGroupAdmin(GroupAdmin):
    autocomplete_fields = ("drivers", "flats")
    fields = ("name", "drivers", "flats")
