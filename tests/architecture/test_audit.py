"""The judge of dependencies: what it lets pass, and what not."""

import importlib.util
import json
import tomllib
from typing import Any

import pytest

from tests.architecture.source import ROOT

AUDIT = ROOT / ".ci" / "audit"
RULES = tomllib.loads((AUDIT / "rules.toml").read_text())
spec = importlib.util.spec_from_file_location("judge", AUDIT / "judge.py")
assert spec is not None
assert spec.loader is not None
judge: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(judge)

ADVISORY = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}
BROKEN = {
    "dependencies": [
        {"name": "one", "version": "2.0", "vulns": [ADVISORY]},
        {"name": "two", "version": "1", "vulns": []},
    ]
}


@pytest.mark.parametrize(
    ("expression", "may"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MPL-2.0 AND (GPL-2.0-only OR MIT)", True),
        ("MIT OR GPL-2.0-only AND Apache-2.0", True),
        ("(GPL-2.0-only OR MIT) AND AGPL-3.0-only", False),
        ("MIT AND", False),
        ("MIT)", False),
        ("(MIT", False),
        ("License :: OSI Approved :: BSD License", True),
    ],
)
def test_expression_of_licences_is_read_as_spdx_reads_it(expression: str, *, may: bool) -> None:
    assert judge.is_allowed(expression, RULES["allowed"]) is may


def test_known_vulnerability_is_named_with_its_repair_unless_it_is_excused() -> None:
    assert list(judge.judge_advisories(BROKEN, {})) == ["one 2.0: PYSEC-1, repaired in 2.1"]
    assert list(judge.judge_advisories(BROKEN, {"CVE-1": "not reached"})) == []


def test_package_without_a_licence_or_with_another_is_named() -> None:
    components = [
        {"name": "free", "licenses": [{"license": {"id": "MIT"}}]},
        {"name": "silent", "licenses": [{"license": {"name": "declared license of 'silent'"}}]},
        {"name": "bound", "licenses": [{"expression": "AGPL-3.0-only"}]},
        {"name": "excused", "licenses": []},
    ]
    assert list(judge.judge_licences({"components": components}, RULES["allowed"], {"excused"})) == [
        "silent: its metadata names no licence",
        "bound: AGPL-3.0-only is not on the list",
    ]


def test_advisory_service_that_is_away_is_a_notice_and_no_failure(tmp_path, capsys) -> None:
    sbom = tmp_path / "sbom.json"
    sbom.write_text(json.dumps({"components": [{"name": "free", "licenses": [{"expression": "MIT"}]}]}))
    assert judge.main(tmp_path / "absent.json", sbom, AUDIT / "rules.toml") == 0
    assert "NOTICE: no advisory service in reach" in capsys.readouterr().out
    found = tmp_path / "found.json"
    found.write_text(json.dumps(BROKEN))
    assert judge.main(found, sbom, AUDIT / "rules.toml") == 1
    assert "one 2.0: PYSEC-1" in capsys.readouterr().out


def test_every_excuse_says_why() -> None:
    assert all(len(reason) > 20 for reason in [*RULES["packages"].values(), *RULES["advisories"].values()])
