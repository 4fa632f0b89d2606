"""What leads use of the mechanisms beneath them."""

from hub.catalogues.declaring import Use, declare_use
from hub.leads.models import Lead
from hub.leads.services import CATALOGUES
from hub.workflow.services import declare_moved


def install() -> None:
    """Say that leads move through workflows, and which catalogues they keep words of."""
    declare_moved(Lead.entity(), Lead)
    for field, name in CATALOGUES.items():
        declare_use(name, Use(Lead, getattr(Lead, field), is_open=Lead.is_open))
