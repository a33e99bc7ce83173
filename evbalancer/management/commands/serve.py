import contextlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from drivers.domain.sign_in import first
from evbalancer.common.db.database import NO_TABLES, lacks_tables
from evbalancer.ops.health import are_pages_collected
from evbalancer.ops.serving import server
from evbalancer.ops.serving.tls import Tls

NO_FILES = "The pages' files were not collected: run `python manage.py collectstatic --noinput`. Until then every page fails; chargers are served."

NO_ACCOUNT = (
    "This server has no account yet. Open its page /first and make the first one with this code: {code}"
)


class Command(BaseCommand):
    help = "Serve HTTP, the dashboards' sockets and the OCPP endpoint."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--tls-cert", type=Path, help="PEM of the server's certificate and its chain")
        parser.add_argument("--tls-key", type=Path, help="PEM of its key")
        parser.add_argument(
            "--tls-client-ca", type=Path, help="PEM of the authority of the charge points' certificates"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tls = _tls(options["tls_cert"], options["tls_key"], options["tls_client_ca"])
        # One that does not answer yet may do so soon: the server waits for it.
        with contextlib.suppress(OperationalError):
            if lacks_tables():
                raise CommandError(NO_TABLES)
            if first.is_without_accounts():
                self.stdout.write(NO_ACCOUNT.format(code=first.first_account_code()))
            connection.close()
        if not are_pages_collected():
            self.stderr.write(NO_FILES)
        # uvicorn raises the Ctrl-C again after its own orderly end; here it is the end.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(server.config(host=options["host"], port=options["port"], tls=tls)).run()


def _tls(cert: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    if cert is None and key is None and client_ca is None:
        return None
    if cert is None or key is None:
        raise CommandError("TLS needs --tls-cert and --tls-key.")
    for path in (cert, key, client_ca):
        if path is not None and not path.is_file():
            raise CommandError(f"There is no file {path}.")
    return Tls(cert, key, client_ca)
