import hashlib
import subprocess
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from hub.pools.dealing import Dealt, Hand, deal, fingerprint, key
from hub.pools.models import DrawOrder

SEED = "00112233445566778899aabbccddeeff"
ANN, BO = UUID(int=1), UUID(int=2)
FOUR = [UUID(int=number) for number in (10, 11, 12, 13)]

people = st.lists(st.uuids(), min_size=1, max_size=5, unique=True)
candidates = st.lists(st.uuids(), max_size=30, unique=True)
seeds = st.text("0123456789abcdef", min_size=32, max_size=32)
orders = st.sampled_from(DrawOrder)


@st.composite
def tables(draw: st.DrawFn) -> tuple[DrawOrder, str, list[UUID], list[Hand]]:
    lying = draw(candidates)
    hands = [
        Hand(
            user_id,
            draw(st.integers(0, 8)),
            draw(st.integers(0, 20)),
            frozenset(draw(st.sets(st.sampled_from(lying))) if lying else ()),
        )
        for user_id in draw(people)
    ]
    return draw(orders), draw(seeds), lying, hands


def test_the_key_is_the_sha256_of_the_seed_a_colon_and_the_id() -> None:
    told = f"{SEED}:00000000-0000-0000-0000-00000000000a"

    assert key(SEED, FOUR[0]) == hashlib.sha256(told.encode()).hexdigest()
    by_shell = subprocess.run(["sha256sum"], input=told, text=True, capture_output=True, check=True)
    assert by_shell.stdout.split()[0] == key(SEED, FOUR[0])


def test_candidates_lie_in_the_order_of_their_keys() -> None:
    dealt = deal(DrawOrder.RANDOM, SEED, FOUR, [Hand(ANN, 4)])

    assert [each.customer_id for each in dealt] == sorted(FOUR, key=lambda each: key(SEED, each))


def test_by_oldest_they_lie_as_they_came() -> None:
    dealt = deal(DrawOrder.OLDEST, SEED, FOUR, [Hand(ANN, 3)])

    assert [each.customer_id for each in dealt] == FOUR[:3]


def test_people_take_in_turns() -> None:
    first, second = sorted((ANN, BO), key=lambda each: key(SEED, each))

    dealt = deal(DrawOrder.OLDEST, SEED, FOUR, [Hand(ANN, 3), Hand(BO, 1)])

    by_turns = {ANN: [ANN, BO, ANN, ANN], BO: [BO, ANN, ANN, ANN]}[first]
    assert second != first
    assert [each.user_id for each in dealt] == by_turns


def test_by_load_whoever_holds_least_takes_until_they_are_even() -> None:
    dealt = deal(DrawOrder.LOAD, SEED, FOUR, [Hand(ANN, 4, load=3), Hand(BO, 4, load=0)])

    assert [each.user_id for each in dealt[:3]] == [BO, BO, BO]
    assert sorted(each.user_id for each in dealt[3:]) in ([ANN], [BO])


def test_what_is_barred_to_one_goes_to_another() -> None:
    barred = frozenset(FOUR[:3])

    dealt = deal(DrawOrder.OLDEST, SEED, FOUR, [Hand(ANN, 4, barred=barred), Hand(BO, 4)])

    assert {each.customer_id: each.user_id for each in dealt} == {
        FOUR[0]: BO, FOUR[1]: BO, FOUR[2]: BO, FOUR[3]: ANN,
    }  # fmt: skip


def test_the_fingerprint_is_what_the_shell_makes_of_one_id_a_line() -> None:
    lines = "".join(f"{each}\n" for each in FOUR)

    by_shell = subprocess.run(
        ["sha256sum"], input=lines, text=True, capture_output=True, check=True
    )
    assert by_shell.stdout.split()[0] == fingerprint(FOUR)


@given(tables())
def test_nothing_is_dealt_twice_beyond_anybodys_room_or_to_whom_it_is_barred(
    table: tuple[DrawOrder, str, list[UUID], list[Hand]],
) -> None:
    order, seed, lying, hands = table

    dealt = deal(order, seed, lying, hands)

    assert dealt == deal(order, seed, lying, list(reversed(hands)))
    got = [each.customer_id for each in dealt]
    assert len(set(got)) == len(got)
    assert set(got) <= set(lying)
    for hand in hands:
        own = {each.customer_id for each in dealt if each.user_id == hand.user_id}
        assert len(own) <= hand.room
        assert not own & hand.barred
        if len(own) < hand.room:  # then there was nothing left that he may get
            assert set(lying) - set(got) <= hand.barred


@given(tables())
def test_one_that_is_gone_leaves_the_others_in_their_order(
    table: tuple[DrawOrder, str, list[UUID], list[Hand]],
) -> None:
    order, seed, lying, hands = table
    free = [Hand(hand.user_id, hand.room, hand.load) for hand in hands]
    dealt = deal(order, seed, lying, free)

    for gone in lying[:3]:
        without = deal(order, seed, [each for each in lying if each != gone], free)
        kept = [each.customer_id for each in dealt if each.customer_id != gone]
        assert [each.customer_id for each in without][: len(kept)] == kept


def test_everybodys_chance_is_the_same() -> None:
    lying = [uuid4() for _ in range(10)]
    drawn = dict.fromkeys(lying, 0)
    for number in range(2000):
        (one,) = deal(DrawOrder.RANDOM, f"{number:032x}", lying, [Hand(ANN, 1)])
        drawn[one.customer_id] += 1

    assert all(140 <= count <= 260 for count in drawn.values())  # 200 each; four deviations


def test_nobody_takes_part_nobody_gets_anything() -> None:
    assert deal(DrawOrder.LOAD, SEED, FOUR, []) == []
    assert deal(DrawOrder.RANDOM, SEED, [], [Hand(ANN, 2)]) == []
    assert deal(DrawOrder.RANDOM, SEED, FOUR, [Hand(ANN, 0), Hand(BO, 1)]) == [
        Dealt(min(FOUR, key=lambda each: key(SEED, each)), BO)
    ]
