"""All faults by name."""

from __future__ import annotations

from local.sources.faults.fault import FileFault, TableFault
from local.sources.faults.files import FILE_FAULTS
from local.sources.faults.tables import TABLE_FAULTS

FAULTS: dict[str, TableFault | FileFault] = {fault.name: fault for fault in (*TABLE_FAULTS, *FILE_FAULTS)}
