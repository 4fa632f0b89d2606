"""What leads use of the mechanisms beneath them."""

from hub.catalogues.declaring import Use, declare_use
from hub.customers.following import Follower, declare_follower
from hub.leads.models import Lead
from hub.leads.services import CATALOGUES, fill_derived
from hub.workflow.services import declare_moved


def install() -> None:
    """Say that leads move through workflows, follow their customers, and which words they keep."""
    declare_moved(Lead.entity(), Lead)
    declare_follower(Follower(Lead, Lead.name, fill_derived))
    for field, name in CATALOGUES.items():
        declare_use(name, Use(Lead, getattr(Lead, field), is_open=Lead.is_open))
