"""A small project of its own, installed from wheels made here: no network, and the real venv and pip."""

import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from evbalancer import bootstrap

PYPROJECT = """
[project]
name = "evbalancer"
dependencies = ["evb-probe>=1", "evb-windows; sys_platform == 'win32'"]
[project.optional-dependencies]
test = ["pytest"]
dev = ["evbalancer[test]", "evb-linter"]
"""
WHEELS = {
    "evb_probe": {"1": "", "2": ""},
    "pytest": {"1": "def main(args):\n    print('pytest ran with', *args)\n    return 5\n"},
}
NOT_INSTALLED = "The project's packages are not installed yet: run `python3 manage.py demo` or `python3 manage.py test`.\n"
INSTALLING = "Installing the project's packages into .venv (once, about half a minute) ...\n"
INSTALLED = re.compile(r"Installed in \d+ s\.\n")

needs_ensurepip = pytest.mark.skipif(
    importlib.util.find_spec("ensurepip") is None, reason="this Python cannot make a virtual environment"
)


class Clone:
    def __init__(self, root: Path, wheels: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.stamp = self.venv / "evbalancer.stamp"
        pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self.env = {**kept, **pip}

    def command(self, *args: str) -> list[str]:
        # -S hides what happens to be installed for the Python that runs the suite.
        return [sys._base_executable, "-S", "manage.py", *args]

    def run(self, *args: str, command: list[str] | None = None) -> tuple[int, str, str]:
        done = subprocess.run(
            command or self.command(*args),
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    def start(self) -> str:
        """Run the tests of the small project and return what was said of the installation, without its seconds."""
        status, out, err = self.run("test", "tests/x", "-k", "y")
        assert (status, out) == (5, "pytest ran with tests/x -k y\n"), err
        return INSTALLED.sub("", err)

    def probe_version(self) -> str:
        (found,) = self.venv.glob("lib/python*/site-packages/evb_probe-*.dist-info")
        return found.name.removeprefix("evb_probe-").removesuffix(".dist-info")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for name, versions in WHEELS.items():
        for version, source in versions.items():
            info = f"{name}-{version}.dist-info"
            with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
                wheel.writestr(f"{name}.py", source)
                wheel.writestr(
                    f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                )
                wheel.writestr(
                    f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                )
                wheel.writestr(f"{info}/RECORD", "")
    return folder


def lay_out(root: Path, wheels: Path) -> Clone:
    (root / "evbalancer").mkdir(parents=True)
    for name in ("manage.py", "evbalancer/__init__.py", "evbalancer/bootstrap.py"):
        shutil.copy(bootstrap.ROOT / name, root / name)
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "constraints.txt").write_text("evb-probe==1\n")
    return Clone(root, wheels)


@pytest.fixture
def clone(tmp_path, wheels):
    return lay_out(tmp_path / "a clone", wheels)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, wheels):
    """A complete .venv; making one takes seconds, copying it does not."""
    made = lay_out(tmp_path_factory.mktemp("made") / "clone", wheels)
    assert made.start() == INSTALLING
    return made


@pytest.fixture
def installed(clone, made_once):
    shutil.copytree(made_once.venv, clone.venv, symlinks=True)
    return clone


def test_other_command_without_packages_says_what_to_run(clone):
    assert clone.run("migrate") == (1, "", NOT_INSTALLED)
    assert clone.run() == (1, "", NOT_INSTALLED)
    assert not clone.venv.exists()


@needs_ensurepip
def test_other_command_names_the_venv_that_is_there(installed):
    sentence = "The project's packages are in .venv: run `.venv/bin/python manage.py migrate --plan`.\n"
    assert installed.run("migrate", "--plan") == (1, "", sentence)


def test_python_without_ensurepip_is_told_the_package(clone):
    hidden = "import sys, runpy; sys.modules['ensurepip'] = None; sys.argv = ['manage.py', 'demo'];"
    code = hidden + "sys.path.insert(0, '.'); runpy.run_path('manage.py', run_name='__main__')"
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    sentence = (
        "This Python cannot make a virtual environment because its venv or ensurepip module is missing. "
        f"On Debian or Ubuntu: `apt install {package}` (or python3-venv); then try again.\n"
    )
    assert clone.run(command=[sys._base_executable, "-S", "-c", code]) == (1, "", sentence)


def test_old_python_is_refused_before_anything_else(clone):
    code = "import sys, runpy; sys.version_info = (3, 8, 2); runpy.run_path('manage.py', run_name='__main__')"
    sentence = "EV Balancer needs Python 3.11 or newer, and this is Python 3.8.\n"
    assert clone.run(command=[sys._base_executable, "-S", "-c", code]) == (1, "", sentence)


@needs_ensurepip
def test_restart_installs_nothing(installed):
    assert installed.start() == ""


@needs_ensurepip
def test_half_made_venv_is_made_anew(installed):
    installed.stamp.write_text("test half-made\n")
    (installed.venv / "rubble").touch()
    assert installed.start() == "The .venv here is incomplete and is rebuilt.\n" + INSTALLING
    assert not (installed.venv / "rubble").exists()
    assert installed.start() == ""


@needs_ensurepip
def test_venv_without_interpreter_is_made_anew(clone):
    clone.venv.mkdir()
    assert clone.start() == "The .venv here is incomplete and is rebuilt.\n" + INSTALLING


@needs_ensurepip
def test_venv_made_by_hand_is_installed_into_and_kept(installed):
    installed.stamp.unlink()
    (installed.venv / "mine").touch()
    assert installed.start() == INSTALLING
    assert (installed.venv / "mine").exists()


@needs_ensurepip
def test_changed_constraints_are_installed(installed):
    (installed.root / "constraints.txt").write_text("evb-probe==2\n")
    assert installed.start() == INSTALLING
    assert installed.probe_version() == "2"
    assert installed.start() == ""


@needs_ensurepip
def test_changed_requirements_are_installed_from_inside_too(installed):
    (installed.root / "pyproject.toml").write_text(PYPROJECT.replace("evb-probe>=1", "evb-probe>=0"))
    status, out, err = installed.run(command=[str(installed.venv / "bin/python"), "manage.py", "test"])
    assert (status, INSTALLED.sub("", err)) == (5, INSTALLING)
    assert out == "pytest ran with -m not drill --numprocesses=auto --dist=worksteal\n"


@needs_ensurepip
def test_deleted_package_is_installed_again(installed):
    (package,) = installed.venv.glob("lib/python*/site-packages/evb_probe-1.dist-info")
    shutil.rmtree(package)
    assert installed.start() == INSTALLING
    assert installed.probe_version() == "1"


@needs_ensurepip
def test_failed_installation_is_a_sentence_and_is_not_mistaken_for_a_whole_one(installed):
    (installed.root / "constraints.txt").write_text("evb-probe==3\n")
    status, out, err = installed.run("test")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "The packages could not be installed. Look at the lines above, check the network and try again."
    )
    assert "Traceback" not in err
    assert installed.stamp.read_text() == "test half-made\n"


def test_second_start_waits_and_an_interrupt_is_a_sentence(clone):
    with (clone.root / "pyproject.toml").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            clone.command("demo"),
            cwd=clone.root,
            env=clone.env,
            stderr=subprocess.PIPE,
            text=True,
            # A shell that started the tests in the background lets its children ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (one system call)
        )
        assert waiting.stderr.readline() == "Another start is installing into .venv; waiting for it.\n"
        waiting.send_signal(signal.SIGINT)
        _, err = waiting.communicate(timeout=20)
    assert (waiting.returncode, err) == (
        1,
        "\nStopped before the installation was complete; the next start makes up for it.\n",
    )


def test_every_requirement_is_pinned_in_the_constraints():
    lines = (bootstrap.ROOT / "constraints.txt").read_text().splitlines()
    pinned = {normal(line.split("==")[0]) for line in lines if "==" in line}
    wanted = {normal(re.split(r"[^\w.-]", one)[0]) for one in bootstrap.requirements("dev")}
    assert wanted - pinned == set()


def test_project_package_imports_nothing():
    # An import of Celery there would drag it into evbalancer.common.
    assert (bootstrap.ROOT / "evbalancer" / "__init__.py").read_text() == ""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
