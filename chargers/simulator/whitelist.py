from __future__ import annotations

from dataclasses import dataclass, field

MAX_CACHED = 200


@dataclass(frozen=True, slots=True)
class TagInfo:
    status: str
    expires_at: float | None = None
    parent: str | None = None

    def allows(self, now: float) -> bool:
        return self.status == "Accepted" and (self.expires_at is None or now < self.expires_at)


@dataclass(slots=True)
class Whitelist:
    """The tags a charge point knows without asking: the local list, then the cache. Tags ignore case."""

    version: int = 0
    listed: dict[str, TagInfo] = field(default_factory=dict)
    cached: dict[str, TagInfo] = field(default_factory=dict)

    def replace(self, entries: dict[str, TagInfo], *, version: int) -> None:
        self.listed = {tag.casefold(): info for tag, info in entries.items()}
        self.version = version

    def update(self, entries: dict[str, TagInfo | None], *, version: int) -> None:
        """A differential update: None takes the tag off the list."""
        for tag, info in entries.items():
            if info is None:
                self.listed.pop(tag.casefold(), None)
            else:
                self.listed[tag.casefold()] = info
        self.version = version

    def remember(self, tag: str, info: TagInfo) -> None:
        self.cached.pop(tag.casefold(), None)
        self.cached[tag.casefold()] = info
        if len(self.cached) > MAX_CACHED:
            del self.cached[next(iter(self.cached))]

    def find(self, tag: str, *, use_list: bool = True, use_cache: bool = True) -> TagInfo | None:
        if use_list and tag.casefold() in self.listed:
            return self.listed[tag.casefold()]
        return self.cached.get(tag.casefold()) if use_cache else None
