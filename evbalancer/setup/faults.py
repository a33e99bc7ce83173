"""What is wrong with a description of a site: all of it at once, each with its place, in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from evbalancer.common.errors import DomainError, InvalidInput
from evbalancer.setup.plan import Place


@dataclass(frozen=True, slots=True)
class Fault:
    place: Place
    key: str
    text: str

    def __str__(self) -> str:
        where = self.place.of(self.key)
        return f"{where}: {self.text}" if where else self.text


class SiteRefused(Exception):  # noqa: N818 (named for what happened)
    """Nothing was stored."""

    def __init__(self, faults: list[Fault]) -> None:
        # As they stand in the file, so that somebody can correct it from the top down.
        self.faults = sorted(faults, key=lambda fault: fault.place.line_of(fault.key))
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(slots=True)
class Faults:
    """Collects refusals, so that somebody reads all of them and not the first."""

    found: list[Fault] = field(default_factory=list)

    def note(self, place: Place, key: str, text: str) -> None:
        """One fault of a key is enough: the second would follow from the first."""
        fault = Fault(place, key, text)
        is_known = any(key and (each.place, each.key) == (place, key) for each in self.found)
        if not is_known and fault not in self.found:
            self.found.append(fault)

    def at(self, place: Place, keys: Mapping[str, str] | None = None) -> "Attempt":
        """Take a refusal of the act inside as a fault of this place and undo the act. `keys`: names of columns in the words of the place."""
        return Attempt(self, place, keys or {})

    def check(self) -> None:
        """Raise SiteRefused if there is any."""
        if self.found:
            raise SiteRefused(self.found)


class Attempt:
    """An act that may be refused. What it did until then is undone, and what comes after it is tried, too."""

    def __init__(self, faults: Faults, place: Place, keys: Mapping[str, str]) -> None:
        self._faults, self._place, self._keys = faults, place, keys
        self._transaction = transaction.atomic()

    def __enter__(self) -> None:
        self._transaction.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._transaction.__exit__(kind, error, trace)
        match error:
            case InvalidInput():
                self._note(error.field, error.detail)
            case DomainError():
                self._note("", error.detail)
            case ValidationError():
                for column, messages in error.update_error_dict({}).items():
                    self._note(column, " ".join(ValidationError(messages).messages))
            case _:
                return False
        return True

    def _note(self, column: str, text: str) -> None:
        own = "" if column in (NON_FIELD_ERRORS, "non_field_errors") else column
        self._faults.note(self._place, self._keys.get(own, own), text)
