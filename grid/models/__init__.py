from grid.models.audit import AuditEntry, IdempotencyKey
from grid.models.circuit import Circuit
from grid.models.cluster import Cluster
from grid.models.community import Community
from grid.models.demand import DemandInterval, DemandTarget
from grid.models.group import NamedGroup
from grid.models.key import GridKey
from grid.models.limit import TemporaryLimit
from grid.models.meter import Meter
from grid.models.program import DemandProgram, ProgramLimit
from grid.models.reading import LoadCurve, MeterReading
from grid.models.retention import RetentionMark

__all__ = [
    "AuditEntry",
    "Circuit",
    "Cluster",
    "Community",
    "DemandInterval",
    "DemandProgram",
    "DemandTarget",
    "GridKey",
    "IdempotencyKey",
    "LoadCurve",
    "Meter",
    "MeterReading",
    "NamedGroup",
    "ProgramLimit",
    "RetentionMark",
    "TemporaryLimit",
]
