"""May an alarm take a release back, to which one, and by what commit? Decided from values alone.

Called by ``engine.reverting``, which asks the outside what is needed for it.
"""

from reconciler.core.reversal.commit import Takeback, in_words, intended, message, to_blame
from reconciler.core.reversal.copies import as_change, is_copy
from reconciler.core.reversal.guards import concerns, first_look, second_look
from reconciler.core.reversal.ruling import LATE, Ruling, later
from reconciler.core.reversal.situation import Situation, Tip, first_change
from reconciler.core.reversal.stable import irreversible, since_then, stable_before

__all__ = [
    "LATE",
    "Ruling",
    "Situation",
    "Takeback",
    "Tip",
    "as_change",
    "concerns",
    "first_change",
    "first_look",
    "in_words",
    "intended",
    "irreversible",
    "is_copy",
    "later",
    "message",
    "second_look",
    "since_then",
    "stable_before",
    "to_blame",
]
