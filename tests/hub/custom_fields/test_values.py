"""Values of custom fields: kept as their type is, refused with a pointer to their key."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select

from hub import catalogues
from hub.clock import utcnow
from hub.custom_fields import clean, services
from hub.custom_fields.models import CustomField, FieldType
from hub.customers import bulk
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.origin import CauseKind
from tests.people import make_customer, make_user

TYPES = {each.value: each for each in FieldType}


def add(key: str, kind: str, entity: str = "customer", **fields: Any) -> CustomField:
    values = {"entity_name": entity, "key": key, "type": TYPES[kind], "label": key.title()}
    with transaction() as session:
        return services.create(session, {**values, **fields})


@pytest.fixture(autouse=True)
def fields(database: Engine) -> None:
    for kind in ("text", "number", "decimal", "date", "instant", "boolean", "choice"):
        add(f"a_{kind}", kind)
    add("a_reference", "reference", reference="user")
    with transaction() as session:
        own = catalogues.services.get_catalogue(session, "custom_customer_a_choice")
        catalogues.services.create(session, own, {"code": "red", "label": "Rød"})


def cleaned(given: dict[str, Any], kept: dict[str, Any] | None = None) -> dict[str, Any]:
    with transaction() as session:
        return clean(session, Customer, given, kept)


def refused(given: dict[str, Any], kept: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        cleaned(given, kept)
    return [(each.pointer, each.code) for each in error.value.errors]


def test_each_type_is_kept_in_one_form() -> None:
    with transaction() as session:
        user_id = str(make_user(session).id)

    assert cleaned({
        "a_text": "  two\r\nlines ", "a_number": 5.0, "a_decimal": "12.50", "a_date": "2026-01-31",
        "a_instant": "2026-01-31T09:00:00+01:00", "a_boolean": False, "a_choice": "red",
        "a_reference": user_id,
    }) == {
        "a_text": "two\nlines", "a_number": 5, "a_decimal": "12.5", "a_date": "2026-01-31",
        "a_instant": "2026-01-31T08:00:00+00:00", "a_boolean": False, "a_choice": "red",
        "a_reference": user_id,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"a_text": 5}, "wrong_type"),
        ({"a_text": "x" * 2001}, "too_long"),
        ({"a_text": "a\x01"}, "control_character"),
        ({"a_number": 5.5}, "wrong_type"),
        ({"a_number": True}, "wrong_type"),
        ({"a_number": 10**15}, "wrong_type"),
        ({"a_decimal": "much"}, "wrong_type"),
        ({"a_decimal": "NaN"}, "wrong_type"),
        ({"a_decimal": "0.0000001"}, "precision"),
        ({"a_date": "31-01-2026"}, "wrong_type"),
        ({"a_instant": "2026-01-31T09:00:00"}, "wrong_type"),
        ({"a_boolean": "perhaps"}, "wrong_type"),
        ({"a_choice": "green"}, "unknown"),
        ({"a_choice": 5}, "wrong_type"),
        ({"a_reference": "5"}, "wrong_type"),
        ({"a_reference": str(uuid4())}, "unknown"),
        ({"unheard_of": "x"}, "unknown_field"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused_at_its_key(
    given: dict[str, Any], code: str
) -> None:
    [key] = given
    assert refused(given) == [(f"/custom/{key}", code)]


def test_a_patch_changes_the_keys_that_it_names() -> None:
    kept = {"a_text": "x", "a_number": 5}
    assert cleaned({"a_text": None, "a_boolean": True}, kept) == {"a_number": 5, "a_boolean": True}
    assert cleaned({}, kept) == kept


def test_a_retired_field_keeps_what_records_have_and_gives_nothing_new() -> None:
    with transaction() as session:
        field = session.scalars(select(CustomField).where(CustomField.key == "a_text")).one()
        services.change(session, field, {"active": False})

    assert cleaned({"a_text": "x", "a_number": 1}, {"a_text": "x"}) == {
        "a_text": "x",
        "a_number": 1,
    }
    assert refused({"a_text": "y"}, {"a_text": "x"}) == [("/custom/a_text", "retired")]
    assert cleaned({"a_text": None}, {"a_text": "x"}) == {}


def test_a_field_that_records_have_is_not_deleted() -> None:
    with transaction() as session:
        make_customer(session, custom={"a_text": "x"})
        used, unused = (
            session.scalars(select(CustomField).where(CustomField.key == key)).one()
            for key in ("a_text", "a_date")
        )
        with pytest.raises(ConflictError) as error:
            services.delete(session, used, now=utcnow())
        services.delete(session, unused, now=utcnow())

    assert error.value.code == "in_use"
    assert refused({"a_date": "2026-01-01"}) == [("/custom/a_date", "unknown_field")]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"entity": "note"}, "/entity", "unknown"),
        ({"key": "contains"}, "/key", "reserved"),
        ({"catalogue": "sources"}, "/catalogue", "not_for_this_type"),
        ({"kind": "choice", "catalogue": "nowhere"}, "/catalogue", "unknown"),
        ({"kind": "reference"}, "/reference", "required"),
        ({"kind": "reference", "reference": "job"}, "/reference", "unknown"),
    ],
)
def test_a_field_that_cannot_work_is_refused(
    fields: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(ValidationError) as error:
        add(**{"key": "new", "kind": "text", **fields})
    assert [(each.pointer, each.code) for each in error.value.errors] == [(pointer, code)]


def test_a_key_is_given_once_for_each_kind_of_record() -> None:
    add("a_text", "text", "lead")
    with pytest.raises(ConflictError, match="a_text"):
        add("a_text", "number")


def test_the_history_tells_of_each_value_by_itself() -> None:
    with transaction() as session:
        made = make_customer(session, custom={"a_text": "x", "a_number": 1})
        [in_sets] = bulk.create_many(
            session, [{"name": "Svanen", "custom": {"a_number": 7}}], prepared=[None],
            channel="import", origin=CauseKind.IMPORT, source="x", now=utcnow(),
        )  # fmt: skip
    with transaction() as session:
        known = customers.get(session, made.id, lock=True)
        customers.update(session, known, {"custom": {"a_text": None, "a_number": 2}}, now=utcnow())

    with transaction() as session:
        told = {
            (event.subject_id, event.type): {
                name: change for name, change in (event.changes or {}).items() if "custom" in name
            }
            for event in session.scalars(select(Event).where(Event.subject_type == "customer"))
        }
    assert told == {
        (made.id, "customer.created"): {"custom.a_text": [None, "x"], "custom.a_number": [None, 1]},
        (made.id, "customer.updated"): {"custom.a_text": ["x", None], "custom.a_number": [1, 2]},
        (in_sets, "customer.created"): {"custom.a_number": [None, 7]},
    }


def test_leads_and_opportunities_have_fields_of_their_own() -> None:
    for entity in ("lead", "opportunity"):
        add("pets", "number", entity)
    with transaction() as session:
        lead = leads.create(session, {"company": "A", "custom": {"pets": 2}}, now=utcnow())
        case = opportunities.create(session, {"name": "B", "custom": {"pets": 3}}, now=utcnow())
        leads.update(session, lead, {"custom": {"pets": 4}})
    with transaction() as session:
        assert session.get_one(Lead, lead.id).custom == {"pets": 4}
        assert session.get_one(Opportunity, case.id).custom == {"pets": 3}
        with pytest.raises(ValidationError) as error:
            leads.create(session, {"company": "A", "custom": {"a_text": "x"}}, now=utcnow())
        assert error.value.errors[0].pointer == "/custom/a_text"


def test_words_that_custom_fields_keep_are_counted_and_held() -> None:
    with transaction() as session:
        make_customer(session, custom={"a_choice": "red"})
        counted = catalogues.services.count(
            session, "custom_customer_a_choice", ["red"], lambda model: model.id.is_not(None)
        )
        assert counted["red"]["customers"].total == 1
        [entry] = catalogues.services.entries(session, "custom_customer_a_choice")
        with pytest.raises(ConflictError) as error:
            catalogues.services.delete(session, entry, now=utcnow())
    assert error.value.code == "in_use"
