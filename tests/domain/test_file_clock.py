"""Whose clock wrote a file: weekend gaps in each daylight-saving regime tell, or say that they cannot."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from axia_core.domain.bars import instant, microseconds
from axia_core.domain.file_clock import FileClock, contradiction, detect, parse_clock
from axia_core.domain.sessions import NEW_YORK
from axia_core.errors import InvalidInput
from tests.history_files import opens_of

HOUR = timedelta(hours=1)
YEAR = date(2025, 1, 6), date(2025, 12, 19)
JUNE = date(2025, 6, 2), date(2025, 6, 27)
TOLD_APART = ["UTC", "UTC-5", "UTC+3", "America/New_York", "America/New_York+7", "EET", "CET", "Europe/London"]


def written_by(name: str, first: date, last: date) -> NDArray[np.int64]:
    """Hours of the open market as a clock shows them."""
    clock = parse_clock(name)
    utc = [instant(int(at)) for at in opens_of(first, last, HOUR)]
    return np.array([microseconds(at + clock.offset(at)) for at in utc], dtype=np.int64)


@pytest.mark.parametrize("name", TOLD_APART)
def test_a_year_tells_the_clock(name: str) -> None:
    """Weeks before, between and after the switches of America and Europe leave exactly one clock."""
    finding = detect(written_by(name, *YEAR), HOUR)

    assert finding.clock == parse_clock(name)
    assert finding.candidates == (parse_clock(name),)


def test_a_stretch_without_a_switch_names_all_that_read_it_alike() -> None:
    """In June three clocks write the same times: which of them it was is no question, and the others are named."""
    finding = detect(written_by("EET", *JUNE), HOUR)

    assert finding.clock == FileClock("UTC", 3)
    assert {clock.name for clock in finding.candidates} == {"UTC+3", "America/New_York+7", "EET"}


def test_rows_that_candidates_read_differently_are_a_question() -> None:
    """A file that ends in mid-week after a switch fits clocks that differ there: none is chosen, all are named."""
    finding = detect(written_by("EET", date(2025, 2, 3), date(2025, 3, 12)), HOUR)

    assert finding.clock is None
    assert {clock.name for clock in finding.candidates} == {"UTC+2", "America/New_York+7", "EET"}


def test_without_a_weekend_nothing_is_known() -> None:
    """Five days have no weekend gap, so they tell no clock."""
    finding = detect(written_by("UTC", date(2025, 6, 2), date(2025, 6, 6)), HOUR)

    assert (finding.clock, finding.candidates) == (None, ())


@pytest.mark.parametrize("name", [other for other in TOLD_APART if other != "EET"])
def test_another_clock_is_contradicted(name: str) -> None:
    """A stated clock that is an hour off for three weeks of the year is refused, with what was measured."""
    why = contradiction(parse_clock(name), written_by("EET", *YEAR), HOUR)

    assert "US summer, EU winter: UTC+2" in why


def test_the_right_clock_is_not_contradicted() -> None:
    """The clock that wrote the file fits, also one that was not among the candidates by name."""
    wall_us = written_by("EET", *YEAR)

    assert contradiction(parse_clock("EET"), wall_us, HOUR) == ""
    assert contradiction(parse_clock("Europe/Helsinki"), wall_us, HOUR) == ""


def test_a_week_that_is_short_all_year_is_a_question() -> None:
    """A week without Friday's last hour may as well lack Sunday's first: a person may state either, none is chosen."""
    wall_us = written_by("UTC", *YEAR)
    by_day = [(instant(int(at)).astimezone(NEW_YORK)) for at in wall_us]
    short = wall_us[[at.weekday() != 4 or at.hour < 16 for at in by_day]]

    finding = detect(short, HOUR)

    assert finding.clock is None
    assert {clock.name for clock in finding.candidates} == {"UTC", "UTC-1"}
    assert contradiction(parse_clock("UTC"), short, HOUR) == ""
    assert contradiction(parse_clock("UTC-2"), short, HOUR) != ""


def test_some_minutes_at_the_edges_of_the_week_do_not_matter() -> None:
    """A broker that opens five minutes late and stops five minutes early has the same clock."""
    step = timedelta(minutes=5)
    utc = [instant(int(at)) for at in opens_of(*JUNE, step)]
    minute = [(at.weekday(), at.hour, at.minute) for at in utc]
    edges = {(4, 20, 55), (6, 21, 0)}

    finding = detect(
        np.array([microseconds(at) for at, day in zip(utc, minute, strict=True) if day not in edges]), step
    )

    assert finding.clock == FileClock()
    assert finding.evidence[0].late_open_h == 0


def test_quotes_before_the_week_opens_do_not_deceive() -> None:
    """A broker that quotes two hours before Sunday's open is judged by Friday's close."""
    wall_us = written_by("UTC-5", *JUNE)
    sundays = [at for at in wall_us if instant(int(at)).weekday() == 6 and instant(int(at)).hour == 16]
    early = np.array([at - hours * 3_600_000_000 for at in sundays for hours in (1, 2)])

    finding = detect(np.sort(np.concatenate([wall_us, early])), HOUR)

    assert finding.clock == FileClock("UTC", -5)
    assert "opening 2 h early" in str(finding.evidence[0])


@pytest.mark.parametrize("text", ["Mars", "UTC+99", "EET plus one", "", "UTC+5:30"])
def test_unknown_clocks_are_refused(text: str) -> None:
    """What is no zone with whole hours is refused with the forms that are."""
    with pytest.raises(InvalidInput, match="Write --clock like"):
        parse_clock(text)


@given(
    st.sampled_from(["UTC", "America/New_York", "Europe/Athens", "Europe/London", "Asia/Tokyo"]),
    st.integers(-12, 12),
    st.sampled_from(range(2005, 2035)),
)
def test_open_weeks_convert_both_ways(zone: str, shift_h: int, year: int) -> None:
    """No open hour is ambiguous on a clock of any rules: all switches fall into closed weekends."""
    clock = FileClock(zone, shift_h)
    utc = opens_of(date(year, 3, 1), date(year, 4, 5), 6 * HOUR)
    wall_us = np.array([microseconds(at + clock.offset(at)) for at in map(instant, utc.tolist())], dtype=np.int64)

    assert np.array_equal(clock.to_utc_us(wall_us), utc)
