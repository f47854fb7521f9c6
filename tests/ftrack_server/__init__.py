"""A simulated ftrack server, for tests of the proxy and for demonstrations without a real one."""

from .control import FtrackServer
from .counters import Counters, Record
from .engine import ApiError, Caller, Engine, Outcome, Published
from .faults import Hold
from .hub_control import HubControl
from .production import ProductionPlan, large, small
from .remote_client import RemoteServer
from .serialise import Writing

__all__ = [
    "ApiError",
    "Caller",
    "Counters",
    "Engine",
    "FtrackServer",
    "Hold",
    "HubControl",
    "Outcome",
    "ProductionPlan",
    "Published",
    "Record",
    "RemoteServer",
    "Writing",
    "large",
    "small",
]
