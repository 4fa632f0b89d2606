"""Which fields each collection lets one filter and sort by.

Composed by reading the marks ``filterable`` and ``sortable`` of the vendor's schemas, with which a
contract test compares them.
"""

from collections.abc import Mapping

from connectors.sandbox.economic.filters import Field, FieldKind

Fields = Mapping[str, Field]

_TEXT = Field()
_NUMBER = Field(FieldKind.NUMBER)

_CUSTOMER: Fields = {
    "address": _TEXT,
    "balance": _NUMBER,
    "city": _TEXT,
    "corporateIdentificationNumber": _TEXT,
    "country": _TEXT,
    "creditLimit": _NUMBER,
    "currency": _TEXT,
    "customerNumber": _NUMBER,
    "ean": _TEXT,
    "email": _TEXT,
    "name": _TEXT,
    "publicEntryNumber": _TEXT,
    "telephoneAndFaxNumber": _TEXT,
    "mobilePhone": _TEXT,
    "vatNumber": _TEXT,
    "website": _TEXT,
    "zip": _TEXT,
}
CUSTOMERS: Fields = {
    **_CUSTOMER,
    "barred": Field(FieldKind.BOOLEAN, sortable=False),
    "lastUpdated": Field(FieldKind.INSTANT),
    "customerGroup.customerGroupNumber": Field(FieldKind.NUMBER, sortable=False),
    "pNumber": Field(sortable=False),  # taken by the server although its schema does not say so
}
CUSTOMERS_OF_GROUP: Fields = _CUSTOMER

CONTACTS: Fields = {
    "customerContactNumber": _NUMBER,
    "email": _TEXT,
    "name": _TEXT,
    "phone": _TEXT,
    "eInvoiceId": _TEXT,
    "customer.customerNumber": _NUMBER,
    "sortKey": _NUMBER,
}
DELIVERY_LOCATIONS: Fields = {
    "address": _TEXT,
    "barred": Field(FieldKind.BOOLEAN, sortable=False),
    "city": _TEXT,
    "country": _TEXT,
    "deliveryLocationNumber": _NUMBER,
    "postalCode": _TEXT,
    "sortKey": _NUMBER,
}
CUSTOMER_GROUPS: Fields = {
    "customerGroupNumber": _NUMBER,
    "name": _TEXT,
    "account.accountNumber": _NUMBER,
    "account.accountType": _TEXT,
    "account.balance": _NUMBER,
    "account.blockDirectEntries": Field(FieldKind.BOOLEAN),
    "account.debitCredit": _TEXT,
    "account.name": _TEXT,
}
EMPLOYEES: Fields = {
    "employeeNumber": _NUMBER,
    "employeeGroup.employeeGroupNumber": _NUMBER,
    "name": _TEXT,
    "email": _TEXT,
    "phone": _TEXT,
    "barred": Field(FieldKind.BOOLEAN, sortable=False),
}

_INVOICE: Fields = {
    "date": Field(FieldKind.DATE),
    "currency": _TEXT,
    "paymentTerms.paymentTermsNumber": _NUMBER,
    "customer.customerNumber": _NUMBER,
    "recipient.name": _TEXT,
    "recipient.address": _TEXT,
    "recipient.zip": _TEXT,
    "recipient.city": _TEXT,
    "recipient.country": _TEXT,
    "recipient.ean": _TEXT,
    "recipient.publicEntryNumber": _TEXT,
    "deliveryLocation.deliveryLocationNumber": _NUMBER,
    "delivery.address": _TEXT,
    "delivery.zip": _TEXT,
    "delivery.city": _TEXT,
    "delivery.country": _TEXT,
    "delivery.deliveryTerms": _TEXT,
    "delivery.deliveryDate": Field(FieldKind.DATE),
    "notes.heading": _TEXT,
    "notes.textLine1": _TEXT,
    "notes.textLine2": _TEXT,
    "references.customerContact.customer.customerNumber": _NUMBER,
    "references.salesPerson.employeeNumber": _NUMBER,
    "references.vendorReference.employeeNumber": _NUMBER,
    "references.other": _TEXT,
}
BOOKED_OF_CUSTOMER: Fields = {"bookedInvoiceNumber": _NUMBER, **_INVOICE}
BOOKED_BY_STATE: Fields = {**BOOKED_OF_CUSTOMER, "recipient.vatZone.vatZoneNumber": _NUMBER}
BOOKED: Fields = {**BOOKED_BY_STATE, "exchangeRate": _NUMBER}
DRAFTS_OF_CUSTOMER: Fields = {
    "draftInvoiceNumber": _NUMBER,
    "exchangeRate": _NUMBER,
    **_INVOICE,
}
DRAFTS: Fields = {
    **DRAFTS_OF_CUSTOMER,
    "lastUpdated": Field(FieldKind.INSTANT, sortable=False),
    "soap.currentInvoiceHandle.id": _NUMBER,
}
