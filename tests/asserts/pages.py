"""What a page for people must be."""

import re
from html import unescape
from typing import Any


def leads_to(page: Any) -> str:
    """Where a page goes on to by itself; those without that find the same address behind its button."""
    assert page.status_code == 200, page.content
    text = page.content.decode()
    [address] = re.findall(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', text)
    assert f'<a class="button" href="{address}">' in text
    return unescape(address)
