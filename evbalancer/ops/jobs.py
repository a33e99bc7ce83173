"""What is done periodically, by whom: the in-process scheduler here, Celery beat through tasks of the same names."""

from evbalancer.ops.scheduler import Job
from scheduling.domain import requests
from scheduling.domain.rebalance import rebalance_all

JOBS = (
    Job("rebalance", every_s=3, run=rebalance_all),
    Job("lapse-no-shows", every_s=60, run=requests.lapse_no_shows),
)
