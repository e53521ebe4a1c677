"""The base of every value: frozen, strict about unknown keys, camelCase outside and snake_case inside."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Value(BaseModel):
    """An immutable value that reads and writes camelCase JSON and YAML and refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, ser_json_bytes="base64"
    )

    def to_json(self) -> dict[str, object]:
        """The value as plain JSON types, camelCase keys, ``None`` left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
