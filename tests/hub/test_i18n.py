import pytest

from hub.i18n import language_of, locale_of, translate


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        (None, "en"), ("", "en"), ("da", "da"), ("DA", "da"), ("da-DK", "da"), ("Da_dk", "da"),
        ("da,en;q=0.8", "da"), ("en-GB;q=0.1, da;q=0.2", "da"), ("da;q=0.2,en;q=0.9", "en"),
        ("da;q=0", "en"), ("da;q=0.0,en", "en"), ("de, da;q=0.5", "da"), ("fr,*;q=0.1", "en"),
        ("da; Q=1.000", "da"), ("da;q=2", "en"), ("da;q=much,en", "en"), (";;,,;q=", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_best_of_ours_by_weight_and_in_any_case(
    preferred: str | None, language: str
) -> None:
    assert language_of(preferred) == language


def test_a_text_is_told_in_the_language_that_weighs_most() -> None:
    assert translate("en;q=0.3, DA-dk", "This is not a phone number.") == (
        "Dette er ikke et telefonnummer."
    )


def test_numbers_and_dates_are_those_of_a_locale_or_of_the_best_language() -> None:
    assert str(locale_of("de-CH")) == "de_CH"
    assert str(locale_of("da,en;q=0.8")) == "da"
    assert str(locale_of("xx;q=1")) == "en"
