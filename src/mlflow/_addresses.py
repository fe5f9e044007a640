"""Addresses of stores and servers in messages."""

import re

_SECRET = r"[\w.\-]*(?:pass(?:word|wd)?|credential|key|secret|sig|signature|token)"


def hidden(uri: str) -> str:
    """The URI without its passwords and signatures, for messages; rather too much is hidden than
    too little."""
    uri = re.sub(r"(://[^/@:\s]*):\S*@", r"\1:***@", uri)
    uri = re.sub(r"^([\w+.\-]*:(?://)?[^/@:]*):.*@", r"\1:***@", uri)
    return re.sub(rf"({_SECRET})=[^&;\s]*", r"\1=***", uri, flags=re.IGNORECASE)
