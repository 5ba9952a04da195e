"""Who is told by push, in memory: `mobile_menu.push_ports.PushPort`."""

from mobile_menu.ports import Caller
from mobile_menu.push_ports import PushState, Subscription

KEY = "BCVxsr7N_eNgVRqv"


class FakePushes:
    """One subscription for each session; every address is taken."""

    def __init__(self) -> None:
        self.subscribed: dict[str, Subscription] = {}

    def state(self, caller: Caller) -> PushState:
        return PushState(public_key=KEY, on=caller.session_id in self.subscribed)

    def subscribe(self, caller: Caller, wanted: Subscription) -> PushState:
        self.subscribed[caller.session_id] = wanted
        return self.state(caller)

    def unsubscribe(self, caller: Caller) -> None:
        self.subscribed.pop(caller.session_id, None)
