"""The sandbox as a person sees it in a browser: a list of its customers and of the last writes."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from connectors.sandbox.economic.books import Books

_LAST_WRITES = 20
_COLUMNS = (
    ("customerNumber", "No."),
    ("name", "Name"),
    ("corporateIdentificationNumber", "CVR"),
    ("address", "Address"),
    ("zip", "Postcode"),
    ("city", "City"),
    ("email", "Email"),
    ("telephoneAndFaxNumber", "Telephone"),
    ("lastUpdated", "Last updated"),
)  # fmt: skip - a table reads best as one


def customers_page(books: Books) -> str:
    """Return the page as HTML."""
    rows = [
        [record.get(name, "") for name, _ in _COLUMNS]
        for record in sorted(books.customers.values(), key=lambda r: int(r["customerNumber"]))
    ]
    writes = [
        [w.received_at.strftime("%H:%M:%S"), w.method, w.path, w.status, w.idempotency_key or ""]
        for w in reversed(books.requests[-_LAST_WRITES:])
    ]
    return Markup(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<title>e-conomic sandbox</title><style>"
        "body{{font:15px/1.5 system-ui,sans-serif;margin:2rem}}"
        "table{{border-collapse:collapse;margin-bottom:2rem;font-size:14px}}"
        "th,td{{text-align:left;vertical-align:top;padding:.25rem .6rem;"
        "border-bottom:1px solid #ddd;white-space:nowrap}}"
        "</style></head><body><h1>e-conomic sandbox</h1>"
        "<p>{company}, agreement {number}: {count} customers</p>{customers}"
        "<h2>Last writes</h2>{writes}</body></html>"
    ).format(
        company=books.company,
        number=books.agreement_number,
        count=len(rows),
        customers=_table([title for _, title in _COLUMNS], rows),
        writes=_table(["Time", "Method", "Path", "Status", "Idempotency key"], writes),
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(title) for title in titles)
    body = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(Markup("<td>{}</td>").format(escape(cell)) for cell in row)
        )
        for row in rows
    )
    return Markup("<table><tr>{}</tr>{}</table>").format(head, body)
