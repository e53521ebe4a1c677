"""Faults in the films database, which has no days: all of it is copied each night."""

from __future__ import annotations

from local.sources.faults.fault import TableFault

FILMS_FAULTS = (
    TableFault("film_rating_out_of_range", "films_elt", "rating_in_range",
        ("ALTER TABLE films DROP CONSTRAINT films_user_rating_check",
         "UPDATE films SET user_rating = 5.5 WHERE film_id = 1")),
    TableFault("film_without_cast_member", "films_elt", "actor_exists",
        ("SET LOCAL session_replication_role = replica", "DELETE FROM actors WHERE actor_id = 2")),
)  # fmt: skip
