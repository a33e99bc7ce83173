"""Secrets from files, as containers and service managers hand them over."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from evbalancer.common.security.secret_files import Environment
from tests.architecture.source import ROOT


@pytest.fixture
def environment(monkeypatch):
    def made(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, str(value))
        return Environment()

    return made


def test_value_is_read_from_the_file_without_the_end_of_its_line(environment, tmp_path):
    (tmp_path / "one").write_text("  s3cret \n")
    assert environment(EVB_ONE_FILE=tmp_path / "one").str("EVB_ONE") == "  s3cret "


def test_file_counts_before_the_variable(environment, tmp_path):
    (tmp_path / "two").write_text("of the file")
    env = environment(EVB_TWO="of the variable", EVB_TWO_FILE=tmp_path / "two")
    assert env.str("EVB_TWO") == "of the file"


def test_lists_and_numbers_come_from_files_too(environment, tmp_path):
    (tmp_path / "keys").write_text("first,second\r\n")
    (tmp_path / "port").write_text("2525\n")
    env = environment(EVB_KEYS_FILE=tmp_path / "keys", EVB_PORT_FILE=tmp_path / "port")
    assert env.list("EVB_KEYS") == ["first", "second"]
    assert env.int("EVB_PORT") == 2525


def test_file_that_is_not_there_is_named_by_its_variable_alone(environment, tmp_path):
    env = environment(EVB_GONE_FILE=tmp_path / "secret-place")
    with pytest.raises(ImproperlyConfigured) as refused:
        env.str("EVB_GONE", default="")
    assert str(refused.value) == "EVB_GONE_FILE names a file that can't be read: No such file or directory."


def test_settings_take_key_and_password_of_the_database_from_files(tmp_path):
    (tmp_path / "key").write_text("k" * 60 + "\n")
    (tmp_path / "password").write_text("p@ss/w:rd#\n")
    told = (
        "from evbalancer import settings as s; print(len(s.SECRET_KEY), s.DATABASES['default']['PASSWORD'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SECRET_KEY_FILE": str(tmp_path / "key"),
            "DATABASE_URL": "postgres://evbalancer@127.0.0.1:5432/evbalancer",
            "DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("60 p@ss/w:rd#\n", "")
