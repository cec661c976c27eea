"""The MT5 account from Secrets Manager: which secret, what is refused, and that no value of it is ever shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from axia_core.adapters.mt5.terminal import open_terminal
from axia_core.adapters.paper.profile import AccountProfile, TerminalProfile, create_terminal
from axia_core.adapters.secrets import read, with_credentials
from axia_core.domain.names import MT5_SECRETS
from axia_core.errors import InvalidInput
from axia_core.settings import Settings
from axia_pipelines.definitions import build_definitions

PASSWORD = "hush-4711"
GOOD = {"login": 70_000_007, "password": PASSWORD, "server": "Broker-Demo"}


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Secrets Manager in memory, where clients that know no endpoint arrive."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "memory")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="ap-northeast-1")


def put(vault: Any, content: object, account: str = "demo") -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    vault.create_secret(Name=MT5_SECRETS[account], SecretString=text)


def test_settings_stay_as_they_are() -> None:
    """By default the settings' own account is used and AWS is not asked."""
    settings = Settings()

    assert with_credentials(settings) is settings


@pytest.mark.parametrize("account", ["demo", "live"])
def test_account_chooses_the_secret(vault: Any, account: Any) -> None:
    """A demo account has its own secret and a live one another; the rest of the settings stays."""
    put(vault, GOOD, account)
    settings = Settings(account=account, live_confirmed=True, mt5_credentials="secrets", lease_s=9.0)

    found = with_credentials(settings)

    assert (found.mt5_login, found.mt5_server) == (70_000_007, "Broker-Demo")
    assert found.mt5_password.get_secret_value() == PASSWORD
    assert (found.account, found.lease_s) == (account, 9.0)


def test_login_may_be_a_text(vault: Any) -> None:
    """The original design writes the login as a text; digits are an account number."""
    put(vault, GOOD | {"login": "70000007"})

    assert read(vault, MT5_SECRETS["demo"]).login == 70_000_007


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ('{"password": "hush-4711"', "the whole"),
        ([PASSWORD], "the whole"),
        (GOOD | {"login": "demo_login_id"}, "login"),
        (GOOD | {"login": True}, "login"),
        (GOOD | {"login": -3}, "login"),
        ({"login": 1, "server": "s"}, "password"),
        (GOOD | {"server": None}, "server"),
    ],
)
def test_malformed_secret_is_refused_unseen(vault: Any, content: object, named: str) -> None:
    """A secret in another form is refused by name and remedy, and neither the error nor its causes show a value."""
    put(vault, content)

    with pytest.raises(InvalidInput, match=f"TSS/mt5/demo: {named}") as refused:
        read(vault, MT5_SECRETS["demo"])

    assert "operations.md" in str(refused.value)
    assert PASSWORD not in repr(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None


def test_missing_secret_is_refused(vault: Any) -> None:
    """Without the secret the error names it."""
    with pytest.raises(InvalidInput, match="TSS/mt5/demo"):
        with_credentials(Settings(mt5_credentials="secrets"))


def test_password_is_never_logged(vault: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG, from reading the secret to a terminal that is open, no line has the password."""
    account = AccountProfile(login=GOOD["login"], password=PASSWORD, server=GOOD["server"])
    create_terminal(tmp_path, TerminalProfile(account=account))
    put(vault, GOOD)
    caplog.set_level(logging.DEBUG)

    settings = with_credentials(Settings(mt5_path=tmp_path, mt5_credentials="secrets"))
    with open_terminal(settings) as terminal:
        opened, _ = terminal.call("account_info")

    assert opened["login"] == GOOD["login"]
    assert "secretsmanager" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in str(terminal.__dict__)
    assert not any(PASSWORD in str(file.read_bytes()) for file in tmp_path.glob("state*"))


def test_password_is_not_in_the_dagster_ui() -> None:
    """No resource, job or run of the code location has a configuration field, so nothing of it can be shown there."""
    settings = Settings(mt5_password=PASSWORD)
    repository = build_definitions(settings).get_repository_def()

    shown = [repr(repository.get_all_jobs()), repr(repository.get_top_level_resources())]
    shown += [repr(job.run_config_schema.config_type) for job in repository.get_all_jobs()]

    assert not any(PASSWORD in text for text in shown)


def test_deployed_placeholder_is_refused(aws: Any) -> None:
    """The secret as the template deploys it has no account yet, which is said instead of tried."""
    settings = Settings(aws_endpoint_url=aws.endpoint_url, mt5_credentials="secrets")

    with pytest.raises(InvalidInput, match="placeholder"):
        with_credentials(settings)
