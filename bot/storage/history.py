"""Bound the history of a conversation without losing what it has led to."""

from __future__ import annotations

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    FollowupAction,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker


def bound(
    tracker: DialogueStateTracker, domain: Domain, limit: int, since: float = 0.0
) -> list[Event]:
    """Return at most about ``limit`` events that lead to the same state.

    What is older than ``since`` is forgotten with all that it had led to, and so is which action
    was to come next. Of the rest, the history is cut where a user message begins. What the events
    before the cut had led to – slots that are not at their initial value, and a running form – is
    put in their place.

    Args:
        tracker: the conversation.
        domain: knows the slots' initial values.
        limit: number of events to keep; the events put in place of the older ones come on top.
        since: seconds since the epoch.
    """
    events = [
        event
        for event in tracker.events
        if event.timestamp >= since and not isinstance(event, FollowupAction)
    ]
    if len(events) <= limit:
        return events
    cuts = [
        i for i, e in enumerate(events) if isinstance(e, UserUttered) and i >= len(events) - limit
    ]
    cut = cuts[0] if cuts else len(events) - limit
    before = DialogueStateTracker.from_events(tracker.sender_id, events[:cut], domain.slots)
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    state: list[Event] = [
        SlotSet(name, slot.value)
        for name, slot in before.slots.items()
        if slot.value != initial.get(name)
    ]
    if before.active_loop_name:
        state.append(ActiveLoop(before.active_loop_name))
    # as old as they were, so that „since“ forgets them in time as well
    said = {event.key: event.timestamp for event in events[:cut] if isinstance(event, SlotSet)}
    for event in state:
        key = event.key if isinstance(event, SlotSet) else ""
        event.timestamp = said.get(key, events[cut].timestamp)
    listen = ActionExecuted("action_listen", timestamp=events[cut].timestamp)
    return [*state, listen, *events[cut:]]
