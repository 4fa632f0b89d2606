import pytest
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from hub.credit import codes
from hub.credit.models import CreditCode, Effect
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from tests.people import acting, make_customer, make_user


def row(session: Session, code: str) -> CreditCode:
    return session.scalars(select(CreditCode).where(CreditCode.code == code)).one()


def test_the_four_of_the_beginning_are_there_in_their_order(session: Session) -> None:
    found = codes.list_all(session)

    assert [(each.code, each.effect.value) for each in found] == [
        ("current_account", "none"), ("past_due", "warn"), ("new_account", "require_approval"),
        ("credit_hold", "block"),
    ]  # fmt: skip
    assert {each.code: (each.label, each.effect) for each in found} == codes.FIRST
    assert all(each.active for each in found)


def test_a_new_customer_has_the_code_without_an_effect(session: Session) -> None:
    customer = make_customer(session)

    assert codes.code_of(session, customer).code == "current_account"


def test_a_code_of_ones_own_is_added_once(session: Session) -> None:
    made = codes.create(
        session, code="watch", label="Hold øje", effect=Effect.WARN, active=True, sort=25
    )

    assert [each.code for each in codes.list_all(session)][2] == "watch"
    with pytest.raises(ConflictError) as refused:
        codes.create(session, code="watch", label="x", effect=Effect.NONE, active=True, sort=0)
    assert refused.value.code == "taken"
    assert made.label == "Hold øje"


@pytest.mark.parametrize("changes", [{"active": False}, {"effect": Effect.WARN}])
def test_everybodys_own_code_has_no_effect_and_is_not_retired(
    session: Session, changes: dict[str, object]
) -> None:
    default = row(session, "current_account")

    with pytest.raises(ConflictError) as refused:
        codes.change(session, default, changes)

    assert refused.value.code == "default_code"
    assert (default.active, default.effect) == (True, Effect.NONE)
    codes.change(session, default, {"label": "Løbende konto", "sort": 5})
    assert default.label == "Løbende konto"


def test_a_retired_code_stays_with_whoever_has_it_and_goes_to_nobody(session: Session) -> None:
    had, other = make_customer(session, "A"), make_customer(session, "B")
    codes.give(session, had, "past_due", reason=None, by=None)
    codes.change(session, row(session, "past_due"), {"active": False})

    with pytest.raises(ValidationError) as refused:
        codes.give(session, other, "past_due", reason=None, by=None)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/code", "retired")]
    assert codes.give(session, had, "past_due", reason=None, by=None) is had
    assert codes.code_of(session, had).effect is Effect.WARN
    assert codes.counts(session, true()) == {"past_due": 1, "current_account": 1}


def test_an_unknown_code_is_refused(session: Session) -> None:
    customer = make_customer(session)

    with pytest.raises(ValidationError) as refused:
        codes.give(session, customer, "gold", reason=None, by=None)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/code", "unknown")]
    assert customer.credit_code == "current_account"


def test_the_history_says_who_gave_which_code_and_why(session: Session) -> None:
    user = make_user(session)
    customer = make_customer(session)
    session.commit()
    session.info["origin"] = acting(user)

    codes.give(session, customer, "new_account", reason="Ny kunde", by=user.id)
    session.commit()

    changed = session.scalars(select(Event).where(Event.type == "customer.updated")).one()
    given = session.scalars(select(Event).where(Event.type.endswith("code_given"))).one()
    assert (changed.user_id, changed.changes) == (
        user.id, {"credit_code": ["current_account", "new_account"]},
    )  # fmt: skip
    assert given.data == {
        "credit_code": "new_account", "reason": "Ny kunde", "by": str(user.id),
    }  # fmt: skip
    assert customer.version == 2
