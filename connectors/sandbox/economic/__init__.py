"""A local double of e-conomic's legacy REST interface, https://restapi.e-conomic.com .

Knows customers with their contacts and delivery locations, customer groups, payment terms, VAT
zones, currencies, layouts, employees, invoices and the agreement; keeps them in memory. Its rules
are compared with the vendor's own schemas by a contract test. What it does beyond what the vendor
documents is said where it is done. `control` lists what a test or a developer may do to it.

The tokens are ``sandbox-app`` and ``sandbox-grant``; ``demo`` and ``demo`` may read.
"""

from connectors.sandbox.economic.application import create_app
from connectors.sandbox.economic.books import Books
from connectors.sandbox.economic.opening_balance import new_books

PORT = 8103

__all__ = ["PORT", "Books", "create_app", "new_books"]
