"""Times as people write them in a filter: `'2026-11-20'`, `'2026-11-20 14:30'`, `'7 days ago'`."""

import re
from datetime import datetime, timezone

from mlflow._clock import now_ms

_UNITS = {
    "second": 1_000,
    "minute": 60_000,
    "hour": 3_600_000,
    "day": 86_400_000,
    "week": 7 * 86_400_000,
}
_AGO = re.compile(rf"(\d{{1,9}})\s+({'|'.join(_UNITS)})s?\s+ago", re.IGNORECASE | re.ASCII)
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)


def milliseconds(text: str) -> int | None:
    """The time in milliseconds since the epoch; a date without a zone is in UTC. None: no time."""
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return now_ms() - int(ago[1]) * _UNITS[ago[2].lower()]
    if not _DATE.fullmatch(text):
        return None
    # Python 3.10 reads no Z, and only three or six digits of a second.
    text = re.sub(r"\.(\d+)", lambda digits: f".{digits[1]:0<6}", text.replace("Z", "+00:00"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # such as the 31st of June
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)
