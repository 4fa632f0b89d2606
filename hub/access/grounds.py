"""On what grounds somebody may do something to records with an owner, a team and named roles."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.access.principals import NOTHING_SHARED, Principal
from hub.access.roles import WITHOUT_OWNING, Level, Reach, Verb, Visibility, level_of
from hub.db import NO_IDS, Ids

WEIGHED = 100  # people or teams; who has the records of more sees much


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that the condition for a verb depends on: callers and verbs with equal ones share it.

    By the first five somebody knows a record even where it is protected or waits in a pool: as its
    owner, whose line he leads, that it is shared with, and over which pools he decides, to read
    (`reads_pools`) also what people have from them. The others count for records that are open:
    the named roles he may have, whose teams' and which people's records he is let do it to, those
    that belong to nobody, or all.
    """

    user_id: UUID
    led: Ids = NO_IDS
    shared: Ids = NO_IDS
    pools: Ids = NO_IDS
    reads_pools: bool = False
    slots: tuple[str, ...] = ()
    teams: Ids = NO_IDS
    colleagues: Ids = NO_IDS
    nobodys: bool = False
    all_open: bool = False

    @property
    def are_wide(self) -> bool:
        """Whether he has the records of many.

        PostgreSQL then does best to read along an index whatever else he has; to weigh each id
        would cost it more than to answer.
        """
        return max(len(self.led), len(self.teams), len(self.colleagues)) > WEIGHED

    def hold_for(self, record: Any) -> bool:
        """Say whether they hold for a record in hand, be it open or not."""
        owner = record.owner_user_id
        if owner == self.user_id or owner in self.led or record.id in self.shared:
            return True
        if not self.pools or record.pool_id not in self.pools:
            return False
        return bool(not record.is_protected if self.reads_pools else record.is_pooled)

    def hold_if_open(self, record: Any) -> bool:
        """Say whether they hold for a record in hand if that is open."""
        owner = record.owner_user_id
        return (
            self.all_open
            or (self.nobodys and owner is None)
            or any(getattr(record, slot) == self.user_id for slot in self.slots)
            or record.team_id in self.teams
            or owner in self.colleagues
        )


def grounds_of(
    principal: Principal, verb: Verb, entity: str, reach: Reach, slots: tuple[str, ...]
) -> Grounds:
    """Return the grounds on which a caller may do `verb` to records of an entity.

    Args:
        principal: who.
        verb: what.
        entity: of which records.
        reach: how far his right to it goes.
        slots: the columns that name people beside the owner.
    """
    standing, leads, level = principal.standing, reach >= Reach.LINE, level_of(verb)
    led = standing.line_user_ids if leads else NO_IDS
    shared = standing.shared.get(entity, NOTHING_SHARED).enough_to(verb)
    pools, reads_pools = standing.pool_ids, verb in WITHOUT_OWNING
    if verb is Verb.PROTECT:  # whoever protects it is to know it still
        return Grounds(principal.user_id, led, shared, pools, reads_pools)
    shows = principal.visibility if reach >= Reach.VISIBLE and verb in WITHOUT_OWNING else None
    is_team = shows is Visibility.TEAM
    return Grounds(
        principal.user_id,
        led,
        shared,
        pools,
        reads_pools,
        slots=slots if level < Level.GIVE else (),
        teams=standing.team_ids if is_team else standing.line_team_ids if leads else NO_IDS,
        colleagues=standing.colleague_ids if is_team else NO_IDS,
        nobodys=reach >= Reach.VISIBLE,
        all_open=shows is Visibility.PUBLIC,
    )
