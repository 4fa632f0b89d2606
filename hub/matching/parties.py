"""Who is compared: the facts of an organisation or person that duplicate detection looks at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """The facts as they were written; None says that we do not know.

    `address` may have several lines; `country` is ISO 3166-1 alpha-2.
    """

    name: str | None = None
    cvr: str | None = None
    vat_no: str | None = None
    ean: str | None = None
    p_number: str | None = None
    phone: str | None = None
    email: str | None = None
    website: str | None = None
    address: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
