"""Tells the whole story, or where its results are when it was told before."""

from typing import TextIO

from ops.data_directory import DataDirectory
from ops.demo import follow_up, new_customer, prologue, shop_and_sync, week
from ops.demo.client import HttpServer
from ops.demo.keepsake import Keepsake
from ops.demo.parts import mail_directory
from ops.demo.places import Places
from ops.demo.stage import Stage
from ops.demo.telling import StoryError, Teller
from ops.installation import Installation

_CHAPTERS = (prologue, new_customer, follow_up, shop_and_sync, week)


def tell(installation: Installation, stream: TextIO, *, colour: bool) -> bool:
    """Tell the story to `stream`; returns False when a step did not go as it says."""
    teller = Teller(stream, colour=colour)
    place = installation.place
    stage = _stage(teller, Places(installation.settings.demo_port), place)
    try:
        kept = Keepsake.read(place)
        if kept is None:
            for chapter in _CHAPTERS:
                chapter.tell(stage)
            teller.chapter("The end", f"All {teller.steps} steps went as told.")
            kept = Keepsake(stage.sights)
            kept.write(place)
        else:
            prologue.reconnect(stage)
            teller.chapter(
                "Welcome back",
                "The story was told when this data was made; everything is still there. To hear it "
                f"again, stop, remove {place.root} and start anew.",
            )
    except StoryError as error:
        teller.failure(str(error))
        teller.aside(f"What the parts say is in {place.logs}.")
        return False
    _show_the_way(stage, place, kept)
    return True


def _show_the_way(stage: Stage, place: DataDirectory, kept: Keepsake) -> None:
    teller, places = stage.teller, stage.places
    teller.chapter("Where to look", "")
    teller.table(
        {
            "Hub": f"{places.hub}/",
            "Documentation of its API": f"{places.hub}/api/docs",
            "Mail that arrived": f"{places.mailbox}/",
            "The same as files": str(mail_directory(place)),
            "Customers in e-conomic": f"{places.economic}/",
            "The shop": f"{places.shop}/   (its buttons send orders to Hub)",
            **kept.sights,
        }
    )
    teller.chapter("To try it yourself", "")
    teller.verbatim(
        f'export TOKEN="$(cat {place.root / "administrator.token"})"\n'
        f'curl -s {places.hub}/api/v1/me -H "Authorization: Bearer $TOKEN"\n'
        f'curl -s "{places.hub}/api/v1/customers?q=nordlys" -H "Authorization: Bearer $TOKEN"\n'
    )


def _stage(teller: Teller, places: Places, place: DataDirectory) -> Stage:
    token = (place.root / "administrator.token").read_text(encoding="utf-8").strip()
    return Stage(
        teller=teller,
        places=places,
        administrator=HttpServer(
            places.hub, {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        ),
        registry=HttpServer(places.registry),
        economic=HttpServer(places.economic),
        shop=HttpServer(places.shop),
        mailbox=HttpServer(places.mailbox),
        directory=place.root,
    )
