"""A checkpoint job: what is asked comes as JSON on stdin, what was found goes as JSON to stdout."""

from __future__ import annotations

import json
import os
import sys

from lib.quality.gx.work import work

if __name__ == "__main__":
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    json.dump(work(json.load(sys.stdin)), answer)
    answer.close()
