"""Run Python 400 days ahead and in another zone: the suite must pass on any day, anywhere.

    PYTHONPATH=tests/clock pytest notebooks/07_record_and_replay.ipynb tests/test_recording.py

PYTHONPATH reaches the kernels and processes that a test starts, which a fixture does not. Clocks that only
measure, such as time.monotonic, are left alone. TZ may name another zone than the one below.
"""

import os
import time
from datetime import timedelta

import time_machine

# pytest warns of a plugin that was imported before it, and the suite makes errors of warnings:
# https://docs.pytest.org/en/stable/how-to/assert.html#disabling-assert-rewriting
time_machine.__doc__ = "PYTEST_DONT_REWRITE"

os.environ.setdefault("TZ", "Pacific/Kiritimati")  # UTC+14, where it is mostly tomorrow
time.tzset()
time_machine.travel(timedelta(days=400)).start()
