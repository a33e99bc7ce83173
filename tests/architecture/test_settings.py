"""Every variable that the code reads stands in docs/settings.md with its default, and what an install may need in .env.example."""

import ast
import re
from typing import NamedTuple

from tests.architecture.source import ROOT, files, tree_of

SETTINGS = ROOT / "evbalancer" / "settings.py"
PAGE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"
COMPOSE = ROOT / "docker-compose.yml"

ROW = re.compile(
    r"^\| `(?P<name>[A-Z][A-Z0-9_]+)` \| (?P<default>.*?) \| (?P<needed>.*?) \| (?P<meaning>.+) \|$"
)
EXAMPLE_LINE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=")
COMPOSE_NAME = re.compile(r"\$\{([A-Z0-9_]+)(?::?[-?]([^}]*))?\}")
# A secret of Compose whose value is a variable.
COMPOSE_SECRET = re.compile(r"^ +environment: ([A-Z0-9_]+)$", re.MULTILINE)
FLOATING = {"tuning", "development"}
PURPOSES = FLOATING | {
    "always", "production", "proxy", "mail", "Smartcar", "web push", "certificates", "monitoring", "onboarding",
    "network without keys",
}  # fmt: skip

# Defaults that depend on something else: the source's expression, and the page's words for it.
IN_WORDS = {
    "f'sqlite:///{BASE_DIR / 'var' / _FILE}'": "SQLite in `var/`",
    "REDIS_URL or 'memory://'": "`REDIS_URL`, else in memory",
    "'celery' if REDIS_URL else 'inprocess'": "`celery` with `REDIS_URL`, else `inprocess`",
    "SESSION_COOKIE_SECURE": "on; off with `DEBUG`, `EVB_DEMO` or `PLAIN_HTTP`",
    "DATABASES['default'].get('PASSWORD', '')": "that of `DATABASE_URL`",
    "365 * 86400 if SECURE_SSL_REDIRECT else 0": "31536000 with `SECURE_SSL_REDIRECT`, else 0",
    "not EMAIL_USE_SSL": "on; off with `EMAIL_USE_SSL`",
    "TRUSTED_ADDRESSES if BEHIND_PROXY else []": "`TRUSTED_ADDRESSES` with `BEHIND_PROXY`, else empty",
    "DEBUG or DEMO": "off; on with `DEBUG` or `EVB_DEMO`",
    "env.int('DEFAULT_WAIT_S', default=300)": "`DEFAULT_WAIT_S`",
    "'WARNING' if DEMO else 'INFO'": "INFO; WARNING with `EVB_DEMO`",
    "'console' if sys.stderr.isatty() else 'json'": "`console` on a terminal, else `json`",
}
# Falls back to another setting after it was read.
AFTERWARDS = {"CHARGER_KEY_PEPPER": "`SECRET_KEY`"}
# What our own processes and tools hand to each other: nobody sets these.
BETWEEN_PROCESSES = {
    "DJANGO_SETTINGS_MODULE", "EVB_LOCAL_SMARTCAR", "EVBALANCER_JUST_INSTALLED", "EVB_TESTS_REDIS_OF",
    "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "PYTHONHASHSEED", "DJANGO_ALLOW_ASYNC_UNSAFE",
}  # fmt: skip


class Row(NamedTuple):
    default: str
    needed: str


def defaults_in_code(source: str) -> dict[str, str]:
    """Name to default, as the page words it, of each `env.<type>("NAME", default=...)`."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("env.") and node.args:
            name = ast.literal_eval(node.args[0]) if isinstance(node.args[0], ast.Constant) else ""
            given = next((keyword.value for keyword in node.keywords if keyword.arg == "default"), None)
            if name:
                found[name] = AFTERWARDS.get(name) or (in_words(given) if given is not None else "none")
    return found


def in_words(node: ast.expr) -> str:
    # Versions of Python differ in the quotes that they write.
    source = ast.unparse(node).replace('"', "'")
    if source in IN_WORDS:
        return IN_WORDS[source]
    try:
        value = eval(source, {"__builtins__": {}})
    except NameError:
        return f"not in IN_WORDS: {source}"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(value) or "empty"
    return str(value) or "empty"


def rows(page: str) -> dict[str, Row]:
    found = [match for line in page.splitlines() if (match := ROW.match(line))]
    assert len({match["name"] for match in found}) == len(found), "a variable stands twice"
    return {match["name"]: Row(_bare(match["default"]), match["needed"]) for match in found}


def _bare(default: str) -> str:
    """Without the backticks of a plain value; words that name other variables keep theirs."""
    plain = re.fullmatch(r"`([^` ]+)`", default)
    return plain[1] if plain and not plain[1].isupper() else default


def in_compose(text: str) -> dict[str, str]:
    found = dict.fromkeys(COMPOSE_SECRET.findall(text), "empty")
    for name, default in COMPOSE_NAME.findall(text):
        found[name] = default if "set it in .env" not in default and default else "empty"
    return found


def in_example(text: str) -> set[str]:
    return {match[1] for line in text.splitlines() if (match := EXAMPLE_LINE.match(line))}


def read_elsewhere() -> set[str]:
    """Names that the packages read from os.environ directly, constants resolved."""
    found: set[str] = set()
    for path in files(with_migrations=True):
        found |= names_of_environ(tree_of(path))
    return found


def names_of_environ(tree: ast.Module) -> set[str]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    keys: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.match(r"os\.(environ\.\w+|getenv)$", ast.unparse(node.func)):
            keys += node.args[:1]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            keys.append(node.slice)
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "os.environ":
            keys.append(node.left)
    values = [
        constants.get(key.id) if isinstance(key, ast.Name) else getattr(key, "value", None) for key in keys
    ]
    return {value for value in values if isinstance(value, str)}


def test_settings_page_has_each_variable_of_the_code_with_its_default() -> None:
    code = in_compose(COMPOSE.read_text()) | defaults_in_code(SETTINGS.read_text())
    page = {name: row.default for name, row in rows(PAGE.read_text()).items()}
    assert page == code


def test_settings_page_says_when_each_variable_is_needed() -> None:
    assert {row.needed for row in rows(PAGE.read_text()).values()} <= PURPOSES


def test_settings_are_read_in_one_file() -> None:
    known = set(rows(PAGE.read_text())) | BETWEEN_PROCESSES
    assert read_elsewhere() <= known


def test_example_has_what_an_install_may_need_and_nothing_else() -> None:
    needed = {name for name, row in rows(PAGE.read_text()).items() if row.needed not in FLOATING}
    assert in_example(EXAMPLE.read_text()) == needed


def test_settings_check_notices_a_new_variable_and_a_changed_default() -> None:
    assert defaults_in_code('A_S = env.int("A_S", default=6 * 10)\nB = env.bool("B", default=False)') == {
        "A_S": "60",
        "B": "off",
    }
    assert defaults_in_code('C = env.str("C", default=OTHER or "x")')["C"].startswith("not in IN_WORDS")
    assert rows("| `A_S` | 60 | tuning | Patience |") == {"A_S": Row("60", "tuning")}
    source = 'import os\nMARK = "X_Y"\nMARK in os.environ\nos.environ.get("Z")'
    assert names_of_environ(ast.parse(source)) == {"X_Y", "Z"}
