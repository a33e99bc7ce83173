"""What `manage.py` says where something is missing: one sentence that names the way out, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from evbalancer.common.loopback import free_port
from tests.e2e.conftest import database_url

ROOT = Path(__file__).resolve().parents[2]
KEY = "only-for-one-test-" + "k" * 50
NO_KEY = "Set SECRET_KEY (50 or more random characters), or DEBUG=1 for development.\n"
NO_TABLES = "The database lacks tables or columns: run `python manage.py migrate` first.\n"


def run(*command, **environment):
    """Of a plain installation, without what the tests and this machine have set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def manage(*command, **environment):
    return run("manage.py", *command, **environment)


@pytest.fixture
def empty(tmp_path):
    return {"SECRET_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["drill"], ["createsuperuser"]])
def test_command_without_a_key_says_so(command, tmp_path):
    done = manage(*command, DATABASE_URL=f"sqlite:///{tmp_path / 'none.sqlite3'}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NO_KEY)


@pytest.mark.parametrize("command", [["help"], ["--help"], ["drill", "--help"], ["help", "serve"]])
def test_help_needs_neither_key_nor_database(command):
    done = manage(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage" in done.stdout.lower() or "Available subcommands" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        ["drill"],
        ["register_periodic_tasks"],
        ["createsuperuser", "--noinput", "--username", "x", "--email", "x@example.org"],
        ["send_command", "X", "reset"],
    ],
)
def test_command_without_tables_says_what_to_run(empty, command):
    done = manage(*command, **empty)
    assert (done.returncode, done.stderr.endswith(NO_TABLES)) == (1, True)
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", ["serve", "read_meters"])
def test_server_without_tables_does_not_start(empty, command):
    options = ["--port", str(free_port())] if command == "serve" else []
    done = manage(command, *options, **empty)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"CommandError: {NO_TABLES}")


def test_database_that_does_not_answer_is_a_sentence():
    done = manage("migrate", SECRET_KEY=KEY, DATABASE_URL=f"postgres://x@127.0.0.1:{free_port()}/x")
    assert done.returncode == 1
    assert "The database does not answer: " in done.stderr
    assert "Traceback" not in done.stderr


def test_server_without_collected_files_says_so_and_is_not_ready(transactional_db, tmp_path):
    port, log = free_port(), tmp_path / "server.log"
    settings = f"from evbalancer.settings import *\nSTATIC_ROOT = {str(tmp_path / 'nothing')!r}\n"
    (tmp_path / "settings_of_this_test.py").write_text(settings)
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(tmp_path),
                "DJANGO_SETTINGS_MODULE": "settings_of_this_test",
                "SECURE_SSL_REDIRECT": "0",
                "SECRET_KEY": KEY,
                "DATABASE_URL": database_url(),
            },
            stdout=output,
            stderr=output,
        )
    try:
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            answer = client.get("/readyz")
    finally:
        server.terminate()
        server.wait(timeout=20)
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["parts"]["pages"] == "no files: run manage.py collectstatic"
    assert log.read_text().startswith(
        "The pages' files were not collected: run `python manage.py collectstatic"
    )
