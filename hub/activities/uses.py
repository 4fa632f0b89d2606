"""What activities use of the mechanisms beneath them."""

from sqlalchemy import and_

from hub.activities.models import Activity
from hub.activities.services import CATALOGUES
from hub.catalogues.declaring import Use, declare_use


def install() -> None:
    """Say of which catalogues activities keep words."""
    for field, name in CATALOGUES.items():
        declare_use(name, Use(Activity, getattr(Activity, field), is_open=and_(Activity.is_open)))
