"""Signals as the API shows them."""

from datetime import date

from pydantic import Field

from api.schemas.shapes import View
from hub.signals import Paints


class SignalView(View):
    """What asks for attention, reckoned on your day where you are."""

    key: str = Field(description="What the list filters and counts by.")
    colour: str
    paints: Paints = Field(description="Where the colour goes.")
    icon: str | None
    reason: str = Field(description="In your language.")
    since: date | None = Field(description="null where nobody can say.")
