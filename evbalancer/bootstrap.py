"""Makes .venv for the two commands a newcomer types, with the standard library only.

`python3 -m evbalancer.bootstrap LEVEL` does only this, for CI, the container image and developers.
"""

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from pathlib import Path
from typing import NoReturn

if sys.platform != "win32":
    import fcntl

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "evbalancer.stamp"
PYPROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"

LEVELS = ("runtime", "test", "dev")  # each holds the one before it
COMMANDS = {"demo": "runtime", "test": "test"}
HALF_MADE = "half-made"
JUST_INSTALLED = "EVBALANCER_JUST_INSTALLED"
NETWORK_TROUBLE = re.compile(
    "Retrying|connection broken|Could not fetch URL|Failed to establish", re.IGNORECASE
)


def prepare(argv: list[str]) -> None:
    """Return when this Python has what the command needs; else install and re-execute, or exit with a sentence."""
    command = argv[1] if len(argv) > 1 else ""
    level = COMMANDS.get(command, "runtime")
    just_installed = os.environ.pop(JUST_INSTALLED, "")
    lacking = missing(level, sys.path)
    if command not in COMMANDS:
        if lacking:
            sys.exit(advice(argv))
        return
    # Outside our .venv (a container, a virtualenv of the developer's own) the versions are not ours to judge.
    if not lacking and not (runs_in_venv() and is_outdated(level)):
        return
    if just_installed:
        sys.exit(f"Not found after their installation: {', '.join(lacking)}. Delete {VENV} and try again.")
    installed = ensure(level, distrust=runs_in_venv())
    rerun(argv, just_installed=installed)


def advice(argv: list[str]) -> str:
    if is_good("runtime"):
        python = VENV.name / interpreter().relative_to(VENV)
        return f"The project's packages are in .venv: run `{python} {' '.join(argv)}`."
    return "The project's packages are not installed yet: run `python3 manage.py demo` or `python3 manage.py test`."


def ensure(level: str, *, distrust: bool = False) -> bool:
    """Bring .venv to the level; True if that took an installation."""
    try:
        with locked():
            if is_good(level) and not distrust:
                return False
            if not is_usable():
                make_venv()
            install(level)
    except KeyboardInterrupt:
        sys.exit("\nStopped before the installation was complete; the next start makes up for it.")
    except OSError as error:
        sys.exit(f"The virtual environment {VENV} could not be prepared: {error}.")
    return True


# --- What is there --------------------------------------------------------------------------------------------


def requirements(level: str) -> list[str]:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = LEVELS[1 : LEVELS.index(level) + 1]
    listed = project["dependencies"] + [
        one for extra in extras for one in project["optional-dependencies"][extra]
    ]
    return [one for one in listed if not one.startswith(project["name"] + "[")]


def missing(level: str, path: list[str]) -> list[str]:
    """The direct requirements without an installed distribution on the path; a few milliseconds."""
    names = [re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in requirements(level) if ";" not in one]
    return [name for name in names if not is_installed(name, path)]


def is_installed(name: str, path: list[str]) -> bool:
    context = DistributionFinder.Context(name=name, path=path)
    found: Iterator[Distribution] = iter(MetadataPathFinder.find_distributions(context))
    return next(found, None) is not None


def interpreter() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def runs_in_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def stamp() -> tuple[str, str]:
    """The level .venv was last installed for, and for which requirements (or that it did not get that far)."""
    try:
        level, state = STAMP.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return "", ""
    return (level, state) if level in LEVELS else ("", "")


def fingerprint(level: str) -> str:
    wanted = "\n".join(requirements(level)).encode() + CONSTRAINTS.read_bytes()
    return hashlib.sha256(wanted).hexdigest()


def is_outdated(level: str) -> bool:
    """Our own installation is for older requirements or for less; one made by hand has no stamp and is let be."""
    stamped, state = stamp()
    return bool(stamped) and (state != fingerprint(stamped) or LEVELS.index(stamped) < LEVELS.index(level))


def is_good(level: str) -> bool:
    if not stamp()[0] or is_outdated(level) or not interpreter().exists():
        return False
    return not missing(level, [str(path) for path in site_packages()])


def site_packages() -> list[Path]:
    return [*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages")]


def is_usable() -> bool:
    """There is a virtual environment that can be installed into, be it ours or made by hand."""
    if stamp()[1] == HALF_MADE or not interpreter().exists():
        return False
    return (
        subprocess.run([interpreter(), "-m", "pip", "--version"], capture_output=True, check=False).returncode
        == 0
    )


# --- What is done ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One installation at a time; pyproject.toml serves as the lock file because it is always there."""
    with PYPROJECT.open() as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another start is installing into .venv; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
            # A killed start leaves its pip running: the child holds the lock for as long as it writes.
            os.set_inheritable(file.fileno(), True)
        yield


def make_venv() -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        version = "{}.{}".format(*sys.version_info[:2])
        sys.exit(
            "This Python cannot make a virtual environment because its venv or ensurepip module is missing. "
            f"On Debian or Ubuntu: `apt install python{version}-venv` (or python3-venv); then try again."
        )
    level = stamp()[0] or LEVELS[0]
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        say("The .venv here is incomplete and is rebuilt.")
        shutil.rmtree(VENV)
    VENV.mkdir()
    write_stamp(level, HALF_MADE)
    # The interpreter behind .venv, should that be the one that runs this and has just been removed.
    base = getattr(sys, "_base_executable", "") or sys.executable
    run([base, "-m", "venv", str(VENV)], failure="The virtual environment could not be made.")


def install(level: str) -> None:
    level = max(level, stamp()[0] or level, key=LEVELS.index)
    write_stamp(level, HALF_MADE)
    say("Installing the project's packages into .venv (once, about half a minute) ...")
    started = time.monotonic()
    pip = [str(interpreter()), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    run(
        [*pip, "--constraint", str(CONSTRAINTS), *requirements(level)],
        failure="The packages could not be installed. Look at the lines above, check the network and try again.",
    )
    write_stamp(level, fingerprint(level))
    say(f"Installed in {time.monotonic() - started:.0f} s.")


def write_stamp(level: str, state: str) -> None:
    STAMP.write_text(f"{level} {state}\n", encoding="utf-8")


def run(command: list[str], *, failure: str) -> None:
    # These settings of a person's pip contradict a virtual environment.
    env = {
        key: value for key, value in os.environ.items() if key not in {"PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    }
    done = subprocess.run(
        command,
        env=env,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        close_fds=False,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        # Without a network pip ends by complaining of conflicting versions; its first warning is the true one.
        trouble = [line for line in lines if NETWORK_TROUBLE.search(line)]
        sys.exit("\n".join([*(trouble[:1] or lines[-8:]), failure]))


def rerun(argv: list[str], *, just_installed: bool) -> NoReturn:
    if just_installed:
        os.environ[JUST_INSTALLED] = "1"
    command = [str(interpreter()), *argv]
    if os.name == "nt":  # exec would detach from the console
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in ([level] for level in LEVELS):
        sys.exit(f"usage: python3 -m evbalancer.bootstrap {{{','.join(LEVELS)}}}")
    ensure(sys.argv[1])
