"""The doctor of a plain installation, as its operator runs it."""

import json

import pytest
from django.core.management import call_command

from tests.evbalancer.test_manage import KEY, manage


def examined(capsys, *options):
    """The exit code and the output of a look at the tests' database."""
    try:
        call_command("doctor", *options)
    except SystemExit as left:
        return left.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


@pytest.mark.django_db
def test_each_finding_says_what_to_do(capsys):
    code, text = examined(capsys, "--json")
    told = json.loads(text)
    assert {each["part"] for each in told["findings"]} >= {
        "versions", "settings", "Redis", "database", "balancer", "mail", "growth", "disk", "clearing",
        "clocks of charge points", "certificates", "sessions", "fallbacks",
    }  # fmt: skip
    assert [each for each in told["findings"] if bool(each["step"]) == (each["grade"] == "fine")] == []
    assert code == {"fine": 0, "warning": 1, "error": 2}[told["grade"]]


@pytest.mark.django_db
def test_people_read_the_same(capsys):
    _, text = examined(capsys)
    assert "ok      database: It answers, has all migrations, and stores.\n" in text
    assert "WARNING clearing: No whole round" in text
    assert "\n        On a new server wait for an hour" in text


def test_database_without_tables_is_a_finding_and_no_traceback(tmp_path):
    done = manage("doctor", "--json", SECRET_KEY=KEY, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    told = json.loads(done.stdout)
    assert (done.returncode, told["grade"]) == (2, "error")
    assert told["findings"][-1] == {
        "part": "database",
        "grade": "error",
        "said": "The database: migrations are missing.",
        "step": "Stop the servers and run `manage.py migrate`.",
    }
