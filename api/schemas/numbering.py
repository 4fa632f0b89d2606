"""Number sequences as the API takes and shows them."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from api.schemas.fields import OneLine, Whole
from api.schemas.shapes import Patch, RecordView, View, absent
from hub.numbering.settings import HIGHEST_DIGITS, HIGHEST_NUMBER, PREFIX_LENGTH

Prefix = Annotated[str, OneLine(PREFIX_LENGTH, 0)]


class NumberSequencePatch(Patch):
    """What changes of how numbers are made; those that were given out stay."""

    prefix: Prefix = absent()
    start: Annotated[int, Whole(1, HIGHEST_NUMBER)] = absent()
    minimum_digits: Annotated[int, Whole(1, HIGHEST_DIGITS)] = absent()
    gapless: bool = absent()
    automatic: bool = absent()


class NumberSequenceView(RecordView):
    """How the numbers of one kind of records are made."""

    kind: str
    label: str
    prefix: str
    next_number: int = Field(description="What counting goes on with; `start` sets it.")
    minimum_digits: int = Field(description="Zeros before it make it as long.")
    gapless: bool = Field(
        description="A record that is not written leaves no gap; writers wait for each other."
    )
    automatic: bool = Field(description="False: its records get none of these numbers.")
    reached: dict[str, int] = Field(
        description="By each prefix that numbers had before, which number came next under it."
    )
    allocated_at: AwareDatetime | None = Field(description="Null: none was given out yet.")
    preview: str = Field(description="How the next one will look, unless it is in use already.")


class NumberSequences(View):
    """The sequences of this installation."""

    items: list[NumberSequenceView]
