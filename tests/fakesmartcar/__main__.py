"""`python -m tests.fakesmartcar`: the local Smartcar with a few cars, for the demo. Its first line of output is the environment that
points the project at it, as JSON; it ends when its standard input does.
"""

import json
import sys

from tests.fakesmartcar.server import FakeSmartcar


def main() -> None:
    fake = FakeSmartcar()
    fake.add_car("mara", make="Tesla", model="Model 3", year=2022, percent=0.42)
    fake.add_car("jonas", make="Volkswagen", model="ID.3", percent=0.61, capacity_kwh=58)
    fake.add_car("jonas", make="Renault", model="Zoe", percent=0.88, capacity_kwh=52, plugged=False)
    fake.start()
    sys.stdout.write(json.dumps(fake.environment) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    fake.stop()


if __name__ == "__main__":
    main()
