"""Parameters and experiments of Sinan, evaluated in this process.

    from sinan_experiment import Client

    client = Client("http://localhost:8080", cache="/var/lib/shop/flags.snapshot")
    color = client.string("checkout.button_color", "green", {"user_id": "u42", "city": "Oslo"})

Reading a value never fails and never waits: see docs/sdk.md.
"""

from ._client import Client
from ._context import Context
from ._evaluator import Details, Evaluator, Prefetched, SnapshotError

__all__ = ["Client", "Context", "Details", "Evaluator", "Prefetched", "SnapshotError"]
