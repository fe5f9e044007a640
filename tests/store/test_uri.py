"""Store URIs: what they name, and that no message shows a password."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mlflow import store
from mlflow.exceptions import MlflowException
from mlflow.store import uri

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("text", "dialect", "address"),
    [
        ("sqlite:////srv/a.db", "sqlite", "/srv/a.db"),
        ("sqlite:////srv/a%20b.db", "sqlite", "/srv/a b.db"),
        ("sqlite+pysqlite:////srv/a.db", "sqlite", "/srv/a.db"),
        ("/srv/runs", "sqlite", "/srv/runs/mlflow.db"),
        ("file:///srv/runs", "sqlite", "/srv/runs/mlflow.db"),
        ("file:/srv/my%20runs", "sqlite", "/srv/my runs/mlflow.db"),
        ("postgresql://u@h/d", "postgresql", "postgresql://u@h/d"),
        ("postgres://u@h/d", "postgresql", "postgresql://u@h/d"),
        ("postgresql+psycopg2://u@h/d?sslmode=require", "postgresql", None),
        ("mysql://u@h/d", "mysql", "mysql://u@h/d"),
        ("mysql+pymysql://u@h/d", "mysql", "mysql://u@h/d"),
        ("mariadb://u@h/d", "mysql", "mysql://u@h/d"),
    ],
)
def test_a_uri_names_a_database(text: str, dialect: str, address: str | None) -> None:
    parsed = uri.parse(text)
    assert parsed.dialect == dialect
    assert parsed.address == (address or "postgresql://u@h/d?sslmode=require")


def test_relative_places_are_below_the_current_folder() -> None:
    here = Path.cwd()
    assert uri.parse("sqlite:///a.db").address == str(here / "a.db")
    assert uri.parse("runs").address == str(here / "runs" / "mlflow.db")
    assert uri.parse("runs").folder == here / "runs"
    assert uri.parse("sqlite:///a.db").folder is None


@pytest.mark.parametrize(
    "text",
    ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:a.db", "mssql://h/d", "https:x"],
)
def test_what_names_no_database_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(MlflowException, match=r"sqlite:///") as caught:
        uri.parse(text)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://user:{SECRET}@127.0.0.1:1/db",
        f"postgresql://user:{SECRET}@x@127.0.0.1:1/db",
        f"postgresql://user:a:{SECRET}@127.0.0.1:1/db",
        f"postgresql://user:a/{SECRET}@127.0.0.1:1/db",
        f"postgresql://user:a@{SECRET}/b@127.0.0.1:1/db",
        f"postgresql://user:a%zz{SECRET}@127.0.0.1:1/db",
        f"postgresql://user:{SECRET}%@127.0.0.1:1/db",
        f"postgresql://:{SECRET}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?user=u&password={SECRET}",
        f"postgresql://127.0.0.1:1/db?user=u&PASSWORD={SECRET}",
        f"postgresql://127.0.0.1:1/db?sslpassword={SECRET}",
        f"postgresql://user:{SECRET}@127.0.0.1:port/db",
        f"postgresql:user:{SECRET}@127.0.0.1/db",
        f"mysql://user:{SECRET}@127.0.0.1:1/db",
        f"mysql://user:{SECRET}@127.0.0.1:port/db",
        f"mysql://user:{SECRET}@127.0.0.1:99999/db",
        f"mysql://user:{SECRET}@127.0.0.1:1/",
        f"mysql://user:{SECRET}@[127.0.0.1/db",
        f"mssql+pyodbc://user:{SECRET}@127.0.0.1/db",
        f"sqlite://user:{SECRET}@127.0.0.1",
        f"oracle:user:{SECRET}@host",
    ],
)
def test_no_message_shows_the_password(text: str) -> None:
    with pytest.raises(MlflowException) as caught:
        store.open_store(text)
    error: BaseException | None = caught.value
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert SECRET not in str(error)
    assert SECRET not in uri.hidden(text)


def test_what_is_hidden_can_still_be_recognised() -> None:
    for text, shown in [
        ("postgresql://user:x@host:5/db", "postgresql://user:***@host:5/db"),
        ("postgresql://user@host:5/db", "postgresql://user@host:5/db"),
        ("postgresql://host:5432/db?sslmode=require", "postgresql://host:5432/db?sslmode=require"),
        ("postgresql:///db?host=/run", "postgresql:///db?host=/run"),
        ("mysql://u:x@h/d?ssl_ca=a", "mysql://u:***@h/d?ssl_ca=a"),
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("/srv/runs", "/srv/runs"),
    ]:
        assert uri.hidden(text) == shown


@pytest.mark.parametrize("kind", ["postgresql_url", "mariadb_url"])
def test_a_database_that_is_not_there_is_one_clear_sentence(
    request: pytest.FixtureRequest, kind: str
) -> None:
    url = request.getfixturevalue(kind)
    for wrong in (
        urlsplit(url)._replace(path="/not_there").geturl(),
        urlsplit(url)._replace(netloc="root@127.0.0.1:1").geturl(),
    ):
        with pytest.raises(MlflowException, match="cannot be opened") as caught:
            store.open_store(wrong)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
        assert "\n" not in caught.value.message
        assert "?" not in caught.value.message


def test_a_mysql_url_without_database_is_refused() -> None:
    with pytest.raises(MlflowException, match="names no database"):
        store.open_store("mysql://root@127.0.0.1:1")
