"""/: what this is, how it is, and what to do next."""

import logging

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from api import pages
from api.calls import Call
from api.health import Condition, Health, check
from api.operations import PUBLIC, operation
from api.pages import text
from hub.checklist import Step, first_steps
from hub.db import transaction
from hub.i18n import N_, language_of, translate
from hub.ledger.tasks import Queue
from hub.settings import get_settings

blueprint = Blueprint("front_page", __name__)
logger = logging.getLogger(__name__)
_COLOURS = {Condition.OK: "ok", Condition.NOT_SET: "warn", Condition.HELD: "warn"}
_WORDS = {Condition.HELD: N_("held: hub release lets them go")}
_WORKERS = {
    Queue.URGENT.value: N_("Workers of urgent jobs"),
    Queue.DEFAULT.value: N_("Workers of other jobs"),
    Queue.BULK.value: N_("Workers of bulk jobs"),
}
_DONE_BY = {
    "mail": "send_test_mail",
    "contact": "create_connection",
    "accounting": "create_connection",
    "shop": "create_connection",
}
"""Where the documentation of the API tells how to take a step; the others are settings."""


@operation(blueprint, "GET", "/", permission=PUBLIC, opens_transaction=False, documented=False)
def show_front_page(call: Call) -> Response:
    """Return the front page."""
    health = check()

    def said(message: str) -> str:
        return text(translate(call.language, message))

    purpose = said(N_("An open integration hub for the customer side of a business."))
    body = [
        f'<h1>Hub</h1><p class="soft">{purpose}</p>',
        (
            f'<nav><a href="/api/docs">{said(N_("API documentation"))}</a>'
            '<a href="/api/v1/openapi.json">openapi.json</a>'
            f'<a href="/readyz">{said(N_("health"))}</a>'
            f'<a href="/metrics">{said(N_("metrics"))}</a></nav>'
        ),
        f"<h2>{said(N_('Parts'))}</h2>",
        _parts(health, call.language),
    ]
    if health.is_ready:
        body += [f"<h2>{said(N_('First steps'))}</h2>", _steps(_read_steps(), call.language)]
    return pages.page("Hub", "".join(body), language_of(call.language))


def _parts(health: Health, language: str | None) -> str:
    rows = (
        (N_("Database"), health.database),
        (N_("Schema"), health.schema),
        ("Redis", health.redis),
        (N_("Relay"), health.relay),
        *((_WORKERS[queue], how) for queue, how in health.workers.items()),
        (N_("Calls and mails"), health.outside),
    )
    cells = (
        f"<tr><td>{text(translate(language, name))}</td>"
        f'<td class="{_COLOURS.get(how, "bad")}">{_word(how, language)}</td></tr>'
        for name, how in rows
    )
    return f'<table class="facts">{"".join(cells)}</table>'


def _word(how: Condition, language: str | None) -> str:
    return text(translate(language, _WORDS[how])) if how in _WORDS else how.value


def _read_steps() -> list[Step]:
    try:
        with transaction() as session:
            return first_steps(session, get_settings())
    except SQLAlchemyError as error:  # it was there a moment ago; the page says so elsewhere
        logger.warning("front_page.database_down", exc_info=error)
        return []


def _steps(steps: list[Step], language: str | None) -> str:
    return f'<ul class="plain">{"".join(_step(step, language) for step in steps)}</ul>'


def _step(step: Step, language: str | None) -> str:
    title, hint = text(translate(language, step.title)), text(translate(language, step.hint))
    if step.done:
        return f'<li><span class="ok">✓</span> {title}</li>'
    if step.code in _DONE_BY:
        title = f'<a href="/api/docs#{_DONE_BY[step.code]}">{title}</a>'
    return f'<li><span class="warn">○</span> {title} <span class="soft">{hint}</span></li>'
