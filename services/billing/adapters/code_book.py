"""Every code that visits are coded with: ICD-10-CM of the release, and each tenant's procedures as they stand in its lists.

A tenant's lists are read when somebody searches and kept until one of them, or the charge master, changes. What is kept is told by
the ids and versions of the lists: it can never be older than the transaction that asks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from uuid import UUID

from billing.adapters.diagnosis_catalogue import DiagnosisCatalogue
from billing.domain.code_index import CodeIndex

# Of about 5 MB each, for a full CPT and HCPCS.
MOST_KEPT = 16


class CodeBook:
    """Diagnoses, and procedures by tenant."""

    def __init__(self, diagnoses: DiagnosisCatalogue) -> None:
        self.diagnoses = diagnoses
        self._kept: OrderedDict[UUID, tuple[Hashable, CodeIndex]] = OrderedDict()
        self._lock = threading.Lock()

    def procedures(self, tenant_id: UUID, lists: Hashable, read: Callable[[], CodeIndex]) -> CodeIndex:
        """The tenant's procedures out of the `lists`; `read` reads them when they are not those that were read last."""
        with self._lock:
            kept = self._kept.get(tenant_id)
            if kept is not None and kept[0] == lists:
                self._kept.move_to_end(tenant_id)
                return kept[1]
        index = read()
        with self._lock:
            self._kept[tenant_id] = lists, index
            self._kept.move_to_end(tenant_id)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return index
