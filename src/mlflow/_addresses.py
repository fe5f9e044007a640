"""Addresses of stores and servers in messages."""

import re


def hidden(uri: str) -> str:
    """The URI without its passwords, for messages; rather too much is hidden than too little."""
    uri = re.sub(r"^([\w+.\-]*:(?://)?[^/@:]*):.*@", r"\1:***@", uri)
    return re.sub(r"(pass(?:word|wd)?)=[^&]*", r"\1=***", uri, flags=re.IGNORECASE)
