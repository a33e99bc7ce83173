"""The engine's refusals, each with the path of the field at fault."""


class BadInputError(ValueError):
    """A problem or scenario that contradicts itself; `path` names the field, as in ``sessions[3].depart_s``."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
