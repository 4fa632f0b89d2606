"""The ways by which records come in, and what they are called for people."""

from hub.i18n import N_
from hub.listing import Choice

CUSTOMER_CHANNELS = (
    Choice("manual", N_("Entered by hand")),
    Choice("import", N_("Import")),
    Choice("shop", N_("Web shop")),
    Choice("accounting", N_("Accounting")),
    Choice("lead", N_("Lead")),
)
LEAD_CHANNELS = (
    Choice("manual", N_("Entered by hand")),
    Choice("import", N_("Import")),
    Choice("hook", N_("Webhook")),
    Choice("mail", N_("Mail")),
)
