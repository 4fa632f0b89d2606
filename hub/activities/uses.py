"""What activities use of the mechanisms beneath them."""

from sqlalchemy import and_

from hub.activities.models import Activity
from hub.activities.services import CATALOGUES, WRITABLE
from hub.catalogues.declaring import Use, declare_use
from hub.custom_fields import customise

_MOMENTS = frozenset({"start", "end", "due"})  # of more than a value each


def install() -> None:
    """Say of which catalogues activities keep words, and what can be asked of them."""
    customise(Activity, listing="activities", fields=WRITABLE - _MOMENTS)
    for field, name in CATALOGUES.items():
        declare_use(name, Use(Activity, getattr(Activity, field), is_open=and_(Activity.is_open)))
