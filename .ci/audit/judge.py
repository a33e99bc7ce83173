"""Judges what pip-audit and cyclonedx-py wrote: `judge.py ADVISORIES.json SBOM.json RULES.toml`. Exits with 1 where something has to be done."""

import json
import re
import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

# What is no name but a text that came with the package.
TEXT = re.compile(r"declared license (of|file)")


def judge_advisories(told: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[str]:
    for package in told["dependencies"]:
        for advisory in package.get("vulns", []):
            ids = {advisory["id"], *advisory.get("aliases", [])}
            if not ids & set(known):
                fixed = ", ".join(advisory.get("fix_versions", [])) or "no version yet"
                yield f"{package['name']} {package['version']}: {advisory['id']}, repaired in {fixed}"


def count_unknown(told: Mapping[str, Any]) -> int:
    """Packages of which the advisory service knows nothing: all of them where only a mirror is in reach."""
    return sum("skip_reason" in package for package in told["dependencies"])


def judge_licences(
    sbom: Mapping[str, Any], allowed: Collection[str], excused: Collection[str]
) -> Iterator[str]:
    for component in sbom["components"]:
        names = [name for name in _names(component) if not TEXT.match(name)]
        if component["name"] in excused:
            continue
        if not names:
            yield f"{component['name']}: its metadata names no licence"
        for name in names:
            if not is_allowed(name, allowed):
                yield f"{component['name']}: {name} is not on the list"


def _names(component: Mapping[str, Any]) -> Iterator[str]:
    for each in component.get("licenses", []):
        licence = each.get("license", {})
        yield each.get("expression") or licence.get("id") or licence.get("name") or ""


def is_allowed(expression: str, allowed: Collection[str]) -> bool:
    """An SPDX expression of names, AND, OR and parentheses; AND binds closer."""
    if expression in allowed:
        return True
    words = re.findall(r"[()]|[^\s()]+", expression)
    answer, rest = _either(words, allowed)
    return answer and not rest


def _either(words: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    answer, rest = _both(words, allowed)
    while rest and rest[0] == "OR":
        other, rest = _both(rest[1:], allowed)
        answer = answer or other
    return answer, rest


def _both(words: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    answer, rest = _one(words, allowed)
    while rest and rest[0] == "AND":
        other, rest = _one(rest[1:], allowed)
        answer = answer and other
    return answer, rest


def _one(words: list[str], allowed: Collection[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, []
    if words[0] == "(":
        answer, rest = _either(words[1:], allowed)
        return answer and rest[:1] == [")"], rest[1:]
    return words[0] in allowed, words[1:]


def main(advisories: Path, sbom: Path, rules: Path) -> int:
    chosen = tomllib.loads(rules.read_text())
    components = json.loads(sbom.read_text())
    wrong = list(judge_licences(components, chosen["allowed"], chosen["packages"]))
    try:
        told = json.loads(advisories.read_text())
    except (OSError, ValueError):
        print("NOTICE: no advisory service in reach; known vulnerabilities were not looked for.")
    else:
        wrong += judge_advisories(told, chosen["advisories"])
        if unknown := count_unknown(told):
            print(
                f"NOTICE: the advisory service knows nothing of {unknown} of {len(told['dependencies'])} packages."
            )
    print("\n".join(wrong) or f"{len(components['components'])} packages, and nothing is wrong with them.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
