"""Is a connector managed? Its charge point holds a fallback that we know of, and obeys. Any other counts at its nameplate.

The rule stands as a function and as a condition of queries; `path` leads to the connector ("" or like "connector__").
"""

from django.db.models import Q

from chargers.models import Connector


def is_managed(connector: Connector) -> bool:
    return connector.fallback_ma is not None and connector.uncontrollable_since is None


def match_managed(path: str = "") -> Q:
    return Q(**{f"{path}fallback_ma__isnull": False, f"{path}uncontrollable_since": None})


def has_chosen_fallback(connector: Connector) -> bool:
    """It has confirmed the fallback that the community has chosen by now."""
    chosen_ma = connector.chosen_fallback_ma
    return connector.fallback_confirmed_at is not None and connector.fallback_ma == chosen_ma
