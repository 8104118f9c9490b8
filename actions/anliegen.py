"""Specific concerns, and what the knowledge base does not hold."""

from actions.base import LotseAction
from bot.dialogue import concern


class AnswerConcern(LotseAction):
    """„Meine Kollegen fürchten Mehrarbeit, was tun?“"""

    action_name = "action_anliegen"
    handler = staticmethod(concern.concern)


class NotKnown(LotseAction):
    """„Wie hoch ist die Ehrenamtspauschale?“"""

    action_name = "action_nicht_im_wissen"
    handler = staticmethod(concern.not_known)


class Fallback(LotseAction):
    """Nothing was understood with any certainty."""

    action_name = "action_default_fallback"
    handler = staticmethod(concern.concern)
