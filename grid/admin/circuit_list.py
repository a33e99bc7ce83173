"""Circuits as the list that the setup assistant imports: unchanged it changes nothing."""

from collections.abc import Iterable
from typing import Any, Final

from django.http import StreamingHttpResponse
from django.utils.formats import get_format

from evbalancer.common.admin.export import stream
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.reading import write_phases
from grid.models import Circuit

COLUMNS: Final = ("name", "below", "limit_a", "kind", "building_max_a", "meter")


def export_circuits(circuits: Iterable[Circuit]) -> StreamingHttpResponse:
    """Without the connection, which the assistant asks for itself. Select the parent and its parent."""
    return stream("circuits", list(COLUMNS), map(_cells, circuits))


def _cells(circuit: Circuit) -> list[Any]:
    above = circuit.parent
    return [
        circuit.name,
        "" if above is None or above.parent_id is None else above.name,
        _amperes(circuit.limit_ma),
        circuit.kind,
        _amperes(circuit.base_load_max_ma),
        circuit.meter_sees if circuit.has_meter else "none",
    ]


def _amperes(current_ma: PhaseMilliamps) -> str:
    """With the decimal mark of the reader's spreadsheet, which takes 13.5 for the 13th of May elsewhere."""
    return write_phases(current_ma).replace(".", str(get_format("DECIMAL_SEPARATOR")))
