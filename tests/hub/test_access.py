from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from hub.access.models import ApiToken, User
from hub.access.principals import Permission, Principal
from hub.access.roles import BASE_ROLES, Role, Verb, covers
from hub.access.services import bootstrap_administrator, create_user
from hub.access.tokens import LAST_USED_PRECISION, generate, is_well_formed, verify
from hub.clock import utcnow
from hub.errors import ConflictError, ForbiddenError

NOW = utcnow()


def make_principal(role: Role, *scopes: str) -> Principal:
    roles = frozenset({BASE_ROLES[role]})
    return Principal(uuid4(), roles, "somebody", scopes=frozenset(scopes or ("*",)))


@pytest.mark.parametrize(
    ("scope", "verb", "collection", "covered"),
    [
        ("*", Verb.DELETE, "customers", True),
        ("customers:read", Verb.READ, "customers", True),
        ("customers:read", Verb.EDIT, "customers", False),
        ("customers:read", Verb.READ, "notes", False),
        ("customers:*", Verb.MERGE, "customers", True),
        ("customers:*", Verb.READ, "notes", False),
        ("*:read", Verb.READ, "notes", True),
        ("*:read", Verb.EDIT, "notes", False),
    ],
)
def test_a_scope_covers_what_it_names(
    scope: str, verb: Verb, collection: str, *, covered: bool
) -> None:
    assert covers(frozenset({scope}), verb, collection) is covered


def test_a_right_needs_both_role_and_scope() -> None:
    permission = Permission(Verb.CONFIGURE, "users")

    assert make_principal(Role.ADMINISTRATOR).may(permission)
    assert not make_principal(Role.REPRESENTATIVE).may(permission)
    assert not make_principal(Role.ADMINISTRATOR, "users:read").may(permission)
    with pytest.raises(ForbiddenError, match="representative"):
        make_principal(Role.REPRESENTATIVE).require(permission)
    with pytest.raises(ForbiddenError, match="users:configure"):
        make_principal(Role.ADMINISTRATOR, "users:read").require(permission)


def test_every_role_has_its_verbs() -> None:
    assert set(BASE_ROLES) == set(Role)
    reaches = {
        role: {verb for verb in Verb if BASE_ROLES[role].grants(verb, "customers")} for role in Role
    }
    assert reaches[Role.ADMINISTRATOR] == set(Verb)
    assert not reaches[Role.REPRESENTATIVE] & {
        Verb.CONFIGURE, Verb.CONNECT, Verb.REPLAY, Verb.IMPORT, Verb.AUDIT, Verb.APPROVE,
    }  # fmt: skip
    assert reaches[Role.AUDITOR] == {Verb.READ, Verb.AUDIT}
    assert reaches[Role.VIEWER] == {Verb.READ}


def test_a_token_has_256_bits_a_prefix_and_a_checksum() -> None:
    made = generate()

    mark, prefix, rest = made.text.split("_")
    assert (mark, len(prefix), len(rest)) == ("hub", 8, 49)
    assert prefix == made.prefix
    assert is_well_formed(made.text)
    assert made.text not in repr(made)
    assert len({generate().text for _ in range(100)}) == 100


@pytest.mark.parametrize("position", [3, 5, 13, 30, 61])
def test_a_checksum_finds_a_typing_error(position: int) -> None:
    text = generate().text
    wrong = "0" if text[position] != "0" else "1"

    assert not is_well_formed(text[:position] + wrong + text[position + 1 :])


@pytest.mark.parametrize("text", ["", "hub_", "hub_a_b", "x" * 62, "é" * 62])
def test_what_has_another_form_is_no_token(text: str) -> None:
    assert not is_well_formed(text)


def test_the_first_administrator_is_made_once(session: Session) -> None:
    text = bootstrap_administrator(session, "Admin@LocalHost", NOW)
    again = bootstrap_administrator(session, "other@localhost", NOW)

    assert text is not None
    assert again is None
    credential = verify(session, text, NOW)
    assert credential is not None
    assert [r.code for r in credential.principal.roles] == [Role.ADMINISTRATOR]
    assert credential.principal.may(Permission(Verb.CONFIGURE, "users"))
    assert [user.email for user in session.query(User)] == ["admin@localhost"]
    assert all(text.encode() not in token.hash for token in session.query(ApiToken))


def test_a_token_of_another_secret_is_not_verified(session: Session) -> None:
    text = bootstrap_administrator(session, "admin@localhost", NOW)
    token = session.query(ApiToken).one()
    token.hash = generate().hash
    session.flush()

    assert text is not None
    assert verify(session, text, NOW) is None


@pytest.mark.parametrize(
    ("field", "value", "verified"),
    [
        ("expires_at", NOW, False),
        ("expires_at", NOW + timedelta(seconds=1), True),
        ("revoked_at", NOW, False),
        ("deleted_at", NOW, False),
    ],
)
def test_a_token_lives_until_its_end(
    session: Session, field: str, value: object, *, verified: bool
) -> None:
    text = bootstrap_administrator(session, "admin@localhost", NOW) or ""
    setattr(session.query(ApiToken).one(), field, value)
    session.flush()

    assert (verify(session, text, NOW) is not None) is verified


@pytest.mark.parametrize(("field", "value"), [("active", False), ("deleted_at", NOW)])
def test_a_token_dies_with_its_user(session: Session, field: str, value: object) -> None:
    text = bootstrap_administrator(session, "admin@localhost", NOW) or ""
    setattr(session.query(User).one(), field, value)
    session.flush()

    assert verify(session, text, NOW) is None


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(session: Session) -> None:
    text = bootstrap_administrator(session, "admin@localhost", NOW) or ""
    uses = (NOW, NOW + timedelta(seconds=59), NOW + LAST_USED_PRECISION)

    noted = []
    for moment in uses:
        verify(session, text, moment)
        session.expire_all()
        noted.append(session.query(ApiToken).one().last_used_at)

    assert noted == [NOW, NOW, NOW + LAST_USED_PRECISION]


def test_an_address_in_another_case_is_the_same(session: Session) -> None:
    giver, roles = make_principal(Role.ADMINISTRATOR), [Role.REPRESENTATIVE]
    create_user(session, giver, email="Bo@Example.com", name="Bo", roles=roles)

    with pytest.raises(ConflictError, match=r"bo@example\.com"):
        create_user(session, giver, email=" bO@eXample.COM", name="Bo", roles=roles)
