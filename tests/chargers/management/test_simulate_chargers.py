import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from websockets.asyncio.server import serve

ROOT = Path(__file__).resolve().parents[3]
ANSWERS = {
    "BootNotification": {"currentTime": "2026-01-01T00:00:00Z", "interval": 60, "status": "Accepted"},
    "Authorize": {"idTagInfo": {"status": "Accepted"}},
    "StartTransaction": {"transactionId": 1, "idTagInfo": {"status": "Accepted"}},
}


async def answer(socket):
    async for raw in socket:
        _, message_id, action, _ = json.loads(raw)
        await socket.send(json.dumps([3, message_id, ANSWERS.get(action, {})]))


async def run(*arguments, stop_after=None, timeout_s=40):
    """Run the command in a process of its own against a small server; its exit code, output and errors."""
    async with serve(answer, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "manage.py",
            "simulate_chargers",
            "--url",
            url,
            *arguments,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        lines = []
        async with asyncio.timeout(timeout_s):
            while line := await process.stdout.readline():
                lines.append(line.decode())
                if stop_after is not None and re.search(stop_after[0], lines[-1]):
                    process.send_signal(stop_after[1])
                    stop_after = None
            errors = (await process.stderr.read()).decode()
            return await process.wait(), "".join(lines), errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_command_tells_totals_and_ends_cleanly_on_a_signal(number):
    code, output, errors = await run("--count", "3", "--every", "0.2", stop_after=("3/3 online", number))
    assert (code, "Traceback" in errors, output.count("stopping: ")) == (0, False, 1)


async def test_command_plays_a_scenario_for_its_duration_with_keys_from_a_file(tmp_path):
    (tmp_path / "keys").write_text("# ids and keys\nCP1 secret\n")
    (tmp_path / "scenario.json").write_text(
        json.dumps(
            {
                "charge_points": [{"id": "CP1"}],
                "cars": [{"charge_point": "CP1", "arrive_s": 0.5, "id_tag": "T", "car": {"settle_s": 0}}],
            }
        )
    )
    code, output, errors = await run(
        "--scenario", str(tmp_path / "scenario.json"), "--keys", str(tmp_path / "keys"), "--duration", "3"
    )
    assert (code, errors) == (0, "")
    assert output.endswith("stopping: 1/1 online, 1 cars, 1 charging, 11.0 kW, 0 messages waiting\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "--count must be at least 1"),
        ({"count": 5, "keys": "two"}, "there are keys for 2 charge points, not for 5"),
        ({"count": 1, "keys": "none"}, "No such file"),
        ({"count": 1, "keys": "bad"}, "line 1: expected an id and a key"),
        ({"scenario": "none"}, "No such file"),
    ],
)
def test_command_refuses_what_it_cannot_play(tmp_path, options, message):
    (tmp_path / "two").write_text('{"A": "1", "B": "2"}')
    (tmp_path / "bad").write_text("A\n")
    paths = {name: tmp_path / value for name, value in options.items() if name != "count"}
    with pytest.raises(CommandError, match=re.escape(message)):
        call_command("simulate_chargers", url="ws://127.0.0.1:1/ocpp", **{**options, **paths})
