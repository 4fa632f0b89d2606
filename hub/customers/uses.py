"""What customers use of the mechanisms beneath them."""

from hub.access import owning
from hub.catalogues.declaring import Use, declare_use
from hub.custom_fields import customise
from hub.customers import contacts, services
from hub.customers.models import Contact, Customer


def install() -> None:
    """Say which catalogues customers and contacts keep words of."""
    fields = services.WRITABLE | owning.FIELDS
    customise(Customer, listing="customers", fields=fields)
    customise(Contact, listing="contacts", fields=contacts.WRITABLE)
    for model, catalogues in ((Customer, services.CATALOGUES), (Contact, contacts.CATALOGUES)):
        for field, name in catalogues.items():
            declare_use(name, Use(model, getattr(model, field), keyed=field == "handles"))
