"""What all entities share: equality, repr and the dictionary form."""

from collections.abc import Iterator
from typing import Any

import msgspec


class Entity(msgspec.Struct):
    """A thing that the API talks about; fields only."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for name in self.__struct_fields__:
            yield name, getattr(self, name)

    @classmethod
    def from_dictionary(cls, fields: dict[str, Any]) -> Any:
        """The entity with these fields; unknown ones are left out."""
        return cls(**{name: fields[name] for name in cls.__struct_fields__ if name in fields})
