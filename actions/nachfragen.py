"""Asking on from what was shown."""

from actions.base import LotseAction
from bot.dialogue import follow_up


class More(LotseAction):
    """„Mehr dazu, bitte.“"""

    action_name = "action_mehr"
    handler = staticmethod(follow_up.more)


class Reasons(LotseAction):
    """„Und warum das?“"""

    action_name = "action_warum_das"
    handler = staticmethod(follow_up.reasons)


class Simpler(LotseAction):
    """„Bitte einfacher.“"""

    action_name = "action_einfacher"
    handler = staticmethod(follow_up.simpler)


class WhereFrom(LotseAction):
    """„Wo steht das?“"""

    action_name = "action_quelle"
    handler = staticmethod(follow_up.where_from)


class Again(LotseAction):
    """„Noch einmal, bitte.“"""

    action_name = "action_wiederholen"
    handler = staticmethod(follow_up.again)


class Back(LotseAction):
    """„Zurück.“"""

    action_name = "action_zurueck"
    handler = staticmethod(follow_up.back)


class Example(LotseAction):
    """„Haben Sie ein Beispiel?“"""

    action_name = "action_beispiel"
    handler = staticmethod(follow_up.example)


class Arguments(LotseAction):
    """„Welche Argumente ziehen da?“"""

    action_name = "action_argumente"
    handler = staticmethod(follow_up.arguments)


class FirstOfAll(LotseAction):
    """„Was davon zuerst?“"""

    action_name = "action_zuerst"
    handler = staticmethod(follow_up.first_of_all)


class Both(LotseAction):
    """„Kann ich die beiden zusammenbringen?“"""

    action_name = "action_beides"
    handler = staticmethod(follow_up.both)


class Pick(LotseAction):
    """„Das zweite genauer.“"""

    action_name = "action_auswahl"
    handler = staticmethod(follow_up.pick)
