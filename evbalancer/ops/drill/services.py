"""PostgreSQL and Redis of the drill's own, in a directory of its own, to be stopped, killed and frozen."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis

from evbalancer.common.loopback import free_port
from evbalancer.ops.drill.processes import end

START_S = 60


class Missing(RuntimeError):  # noqa: N818 (named for what is the matter)
    """A program that the drill needs is not installed."""


@dataclass
class Service:
    """A process that others depend on, and three ways in which it goes away."""

    directory: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None
    _frozen: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def answers(self) -> bool: ...

    def start(self) -> None:
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            # A killed PostgreSQL refuses to start until the last of its processes has noticed.
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn(self.command())
            if self.answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not answer within {START_S} s, see {self.directory}")

    def go_away(self, how: str) -> None:
        """`stop`: told to end at once; `kill`: with -9; `freeze`: it keeps its sockets and says nothing."""
        if self._process is None:
            return
        if how == "freeze":
            self._frozen = [self._process.pid, *_children(self._process.pid)]
            self._signal_frozen(signal.SIGSTOP)
        else:
            # SIGQUIT is PostgreSQL's immediate shutdown.
            end(self._process, signal.SIGKILL if how == "kill" else signal.SIGQUIT)
            self._process = None

    def come_back(self) -> None:
        if self._frozen:
            self._signal_frozen(signal.SIGCONT)
            self._frozen = []
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self.come_back()
            end(self._process, signal.SIGQUIT)
            self._process = None

    def _signal_frozen(self, number: signal.Signals) -> None:
        for pid in self._frozen:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _spawn(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self.directory / f"{self.name}.log").open("ab") as output:
            return subprocess.Popen(  # noqa: S603
                command,
                cwd=self.directory,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                user=_user() if os.getuid() == 0 else None,
            )


class PostgreSQL(Service):
    @property
    def url(self) -> str:
        return f"postgres://drill@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        data = str(self.directory / "data")
        words = [
            "--pgdata",
            data,
            "--username",
            "drill",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]
        if self._spawn([_program("initdb"), *words]).wait(timeout=60):
            raise RuntimeError(f"initdb failed, see {self.directory}")

    def command(self) -> list[str]:
        own = ["-p", str(self.port), "-k", str(self.directory), "-c", "listen_addresses=127.0.0.1"]
        # A crash of the machine would lose something; a crash of the server, which is what happens here, does not.
        # Little is kept of the log: on a small disk, too, there is room for the drill.
        log = ["-c", "min_wal_size=32MB", "-c", "max_wal_size=64MB"]
        return [_program("postgres"), "-D", str(self.directory / "data"), *own, *log, "-c", "fsync=off"]

    def answers(self) -> bool:
        asked = [_program("pg_isready"), "--host", "127.0.0.1", "--port", str(self.port), "--timeout", "2"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603


class Redis(Service):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        own = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory)]
        return [_program("redis-server"), *own, "--save", "", "--appendonly", "no"]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def require_programs() -> None:
    """Raises Missing when PostgreSQL or Redis is not installed."""
    for name in ("initdb", "postgres", "pg_isready", "redis-server"):
        _program(name)


def may_mount() -> bool:
    """Whether a disk of the drill's own can be made, which can be filled."""
    return os.getuid() == 0 and shutil.which("mount") is not None


@contextmanager
def _disk(directory: Path, size_mb: int) -> Iterator[None]:
    """A disk of this size in memory there. Raises Missing where it can't be made."""
    made = (
        may_mount()
        and not subprocess.run(  # noqa: S603
            [_program("mount"), "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(directory)], check=False
        ).returncode
    )
    if not made:
        raise Missing("a disk to fill can't be made here: only root may mount one")
    try:
        yield
    finally:
        subprocess.run([_program("umount"), "--lazy", str(directory)], check=False)  # noqa: S603


@contextmanager
def own_services(*, disk_mb: int | None = None) -> Iterator[tuple[PostgreSQL, Redis]]:
    """Both of them running, and gone afterwards; on a disk of their own that can be full if its size is given.

    Raises Missing when a program is not installed.
    """
    require_programs()
    # Not below a directory that only this user may enter: PostgreSQL runs as another one.
    directory = Path(tempfile.mkdtemp(prefix="evb-drill-", dir="/tmp"))
    with contextlib.ExitStack() as ends:
        ends.callback(shutil.rmtree, directory, ignore_errors=True)
        if disk_mb is not None:
            ends.enter_context(_disk(directory, disk_mb))
        if os.getuid() == 0:
            shutil.chown(directory, _user())
        yield from _running(PostgreSQL(directory), Redis(directory))


def _running(postgresql: PostgreSQL, redis_server: Redis) -> Iterator[tuple[PostgreSQL, Redis]]:
    try:
        postgresql.create()
        postgresql.start()
        redis_server.start()
        yield postgresql, redis_server
    finally:
        redis_server.stop()
        postgresql.stop()


def _program(name: str) -> str:
    """Debian keeps PostgreSQL's programs beside the path, a directory for each version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    found = shutil.which(name) or next(
        (str(path / name) for path in reversed(versions) if (path / name).exists()), None
    )
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def _user() -> str:
    """PostgreSQL refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
