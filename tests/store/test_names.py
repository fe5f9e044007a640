"""Names as numbers: one number per name, whoever asks first, and however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from mlflow import store
from tests.together import together

MAKE = """
from mlflow import store
opened = store.open_store(sys.argv[1])
number = int(sys.argv[2])
names = [f"name {i % 150}" for i in range(number, number + 150)]
start()
told = {}
for at in range(0, 150, 10):
    told.update(opened.names.make(names[at:at + 10]))
opened.close()
tell({name: told[name] for name in names})
"""


def test_two_processes_and_more_agree_on_numbers(database_url: str) -> None:
    store.open_store(database_url).close()
    told = together(MAKE, [(database_url, str(number * 37)) for number in range(3)])
    assert len(told[0]) == 150
    assert told[1] == told[0]
    assert told[2] == told[0]
    assert len(set(told[0].values())) == 150


def test_threads_agree_on_numbers(database_url: str) -> None:
    opened = store.open_store(database_url)
    names = [f"größe/{number}" for number in range(60)]
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda start: opened.names.make(names[start:]), range(8)))
    fresh = store.Store(opened.database)  # with nothing in its cache
    for name in names:
        number = opened.database.read(lambda c, name=name: fresh.names.number(c, name))  # type: ignore[misc]
        assert {each[name] for each in made} == {number}
    opened.close()


def test_upper_and_lower_case_and_accents_are_different_names(database_url: str) -> None:
    opened = store.open_store(database_url)
    names = ["loss", "Loss", "LOSS", "los", "größe", "grösse", "große", "trail"]
    numbers = opened.names.make(names)
    assert len({numbers[name] for name in names}) == len(names)
    opened.close()


def test_a_name_that_nobody_had_has_no_number(database_url: str) -> None:
    opened = store.open_store(database_url)
    assert opened.database.read(lambda c: opened.names.number(c, "never")) is None
    made = opened.names.make(["later"])["later"]
    assert opened.database.read(lambda c: opened.names.number(c, "later")) == made
    assert opened.database.read(lambda c: opened.names.texts(c, [made, -1]))[made] == "later"
    opened.close()
