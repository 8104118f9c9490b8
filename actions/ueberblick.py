"""Overviews of the groups, and turning from one group to another."""

from actions.base import LotseAction
from bot.dialogue import correction, overview


class Overview(LotseAction):
    """„Was empfehlen Sie für die Zusammenarbeit mit dem Rat?“"""

    action_name = "action_ueberblick"
    handler = staticmethod(overview.overview)


class TurnToGroup(LotseAction):
    """„Und bei der Politik?“"""

    action_name = "action_gruppe_wechseln"
    handler = staticmethod(correction.turn_to_group)


class Correct(LotseAction):
    """„Nein, ich meinte die Vereine.“"""

    action_name = "action_korrektur"
    handler = staticmethod(correction.correct)


class IntroduceGroup(LotseAction):
    """„Was wissen Sie über die Wirtschaft?“"""

    action_name = "action_gruppe_vorstellen"
    handler = staticmethod(overview.whole_group)


class Compare(LotseAction):
    """„Worin unterscheiden sich Vereine und Betriebe?“"""

    action_name = "action_vergleichen"
    handler = staticmethod(overview.compare)
