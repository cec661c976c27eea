"""The settings file: its example loads and is complete, and every mistake names key, value and remedy."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from axia_cli.main import app
from axia_cli.output import message
from axia_core.domain.symbols import Symbol
from axia_core.domain.timeframes import Timeframe
from axia_core.errors import InvalidInput
from axia_core.settings import Settings, load_settings
from axia_core.settings_file import PairSettings

EXAMPLE = Path(__file__).parents[2] / "axia.example.toml"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file, not written yet, and no AXIA_SYMBOLS from outside."""
    path = tmp_path / "axia.toml"
    monkeypatch.setenv("AXIA_SETTINGS_FILE", str(path))
    monkeypatch.delenv("AXIA_SYMBOLS", raising=False)
    return path


def test_the_example_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example file of the repository is valid and says what its comments say."""
    monkeypatch.setenv("AXIA_SETTINGS_FILE", str(EXAMPLE))

    settings = load_settings()

    universe = settings.universe
    assert settings.symbols == ("EURUSD", "USDJPY", "USDMXN")
    assert settings.mt5_symbol_names == {"USDJPY": "USDJPY.raw"}
    assert universe.start_of(Symbol("USDJPY")) == universe.first_day == date(2019, 1, 2)
    assert universe.symbols_with(Timeframe.M5) == (Symbol("EURUSD"), Symbol("USDJPY"))
    assert universe.holidays.name_of(date(2026, 4, 3)) == "Good Friday"
    assert universe.holidays.expects(date(2027, 1, 1))


def test_the_example_is_complete() -> None:
    """Every key that concerns the universe is in the example."""
    text = EXAMPLE.read_text()

    keys = [*PairSettings.model_fields, "broker_name", "history_start", "[sources]", "[holidays]", "[early_closes]"]
    assert [key for key in keys if key not in text] == []


def test_the_environment_comes_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AXIA_SYMBOLS narrows the file's pairs, and what the file says of them still holds."""
    file.write_text("[symbols.EURUSD]\nstart = 2021-01-04\n[symbols.USDJPY]\n")
    monkeypatch.setenv("AXIA_SYMBOLS", "EURUSD")

    settings = load_settings()

    assert settings.symbols == ("EURUSD",)
    assert settings.universe.start_of(Symbol("EURUSD")) == date(2021, 1, 4)


def test_a_plain_list_of_symbols_works(file: Path) -> None:
    """A file may list pairs without tables."""
    file.write_text('symbols = ["USDJPY", "EURUSD"]\n')

    assert load_settings().symbols == ("EURUSD", "USDJPY")


def test_settings_survive_a_round_trip(file: Path) -> None:
    """Settings built again from their own values are the same: commands do that to meet a running stack."""
    file.write_text(EXAMPLE.read_text())
    settings = load_settings()

    assert Settings.model_validate(settings.model_dump()).universe == settings.universe


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[symbols.USDJPYX]", "'USDJPYX' was refused: a pair is six capital letters.*Write it like USDJPY"),
        ('symbols = ["USDJPY", "USDJPY"]', "USDJPY is there twice"),
        ("[symbols]", "there must be at least one pair"),
        (
            '[symbols.USDJPY]\ntimeframes = ["H2"]',
            "symbols.USDJPY.timeframes.0 'H2': .*'M5', 'M15', 'H1', 'H4' or 'D1'",
        ),
        ('[symbols.USDJPY]\ntimeframes = ["H1", "H1"]', "symbols.USDJPY.timeframes: .* one is there twice"),
        ("[symbols.USDJPY]\ntimeframes = []", "symbols.USDJPY.timeframes: .* there must be one of"),
        (
            "[symbols.USDJPY]\nstart = 2026-07-04",
            "symbols.USDJPY.start: '2026-07-04' .* Saturday.* before it is 2026-07-03",
        ),
        ('[symbols.USDJPY]\nstart = "soon"', "symbols.USDJPY.start: 'soon' .* YYYY-MM-DD"),
        ("[symbols.USDJPY]\nstrat = 2026-07-03", "symbols.USDJPY.strat .*not permitted"),
        (
            '[symbols.USDJPY]\nbroker_name = "X"\n[symbols.EURUSD]\nbroker_name = "X"',
            "symbols.USDJPY.broker_name: 'X' .* EURUSD already has this name",
        ),
        ('[symbols.USDJPY]\nbroker_name = "EURUSD"\n[symbols.EURUSD]', "EURUSD already has this name"),
        ("[holidays]\n2026-12-26 = 'Boxing Day'", "holidays: '2026-12-26' .* Saturday"),
        ("[early_closes]\n2026-12-24 = '18:00'", "early_closes: '2026-12-24 = 18:00' .* 17:00"),
    ],
)
def test_mistakes_are_named(file: Path, text: str, said: str) -> None:
    """What is wrong in the file is told with its key, its value and what would be right."""
    file.write_text(text)

    with pytest.raises(ValidationError) as caught:
        load_settings()

    assert re.search(said, message(caught.value)), message(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[symbols.USDJPY]\n[symbols.USDJPY]", "it is not TOML"),
        ('[symbols]\nUSDJPY = "yes"', "symbols.USDJPY in .* is a table"),
        ('[mt5_symbol_names]\nUSDJPY = "a"\n[symbols.USDJPY]\nbroker_name = "b"', "Remove one of the two"),
        ("[pairs.USDJPY]", r"it is written \[symbols.USDJPY\]"),
    ],
)
def test_mistakes_of_form_are_named(file: Path, text: str, said: str) -> None:
    """A file that cannot be read as settings at all is refused by name, not by a traceback."""
    file.write_text(text)

    with pytest.raises(InvalidInput, match=said):
        load_settings()


def test_a_command_tells_the_mistake(file: Path) -> None:
    """A command that meets a wrong settings file exits with 2 and the text."""
    file.write_text("[symbols.USDJPY\n")

    result = CliRunner().invoke(app, ["ohlcv", "coverage"])

    assert result.exit_code == 2
    assert "it is not TOML" in " ".join(result.output.split())
