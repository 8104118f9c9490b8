"""One process: Rasa, the channels and the actions."""

from __future__ import annotations

import logging
import socket
from asyncio import AbstractEventLoop

from rasa.core.agent import Agent
from rasa.core.channels import channel
from rasa.core.run import close_resources
from sanic import Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from actions.base import get_live_knowledge
from bot import __version__
from bot.channels.plan import plan_routes
from bot.channels.rest import RestChannel
from bot.channels.rocketchat.channel import RocketChatChannel
from bot.channels.web import WebChannel
from bot.dialogue.guided import plan_key
from bot.dialogue.texts import get_texts
from bot.engine import create_agent
from bot.german.spacy_model import german
from bot.http import secure
from bot.knowledge import Knowledge
from bot.pages import add_pages
from bot.settings import Settings
from bot.shared import Shared

logger = logging.getLogger(__name__)


class PortTaken(RuntimeError):
    """Somebody else listens on the port."""


def check_port(settings: Settings) -> None:
    """Make sure that the port is free.

    Raises:
        PortTaken: it isn't; the message says what to do.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise PortTaken(
                f"Port {settings.port} auf {settings.host} ist nicht frei ({error.strerror}). "
                "Abhilfe: den anderen Dienst beenden oder LOTSE_PORT setzen."
            ) from error


def create_app(settings: Settings) -> Sanic:
    """Return the web application; the agent is loaded when it starts."""
    shared = Shared(settings)
    app = create_routes(settings, shared)

    async def load(running: Sanic, _: AbstractEventLoop) -> None:
        get_live_knowledge().start()
        running.ctx.agent = await create_agent(settings, shared)
        await _warm_up(running.ctx.agent)
        logger.info("Bereit: http://%s:%d", settings.host, settings.port)

    app.register_listener(load, "before_server_start")

    async def stop_watching(*_: object) -> None:
        get_live_knowledge().stop()
        await shared.close()

    app.register_listener(close_resources, "after_server_stop")
    app.register_listener(stop_watching, "after_server_stop")
    return app


def create_routes(settings: Settings, shared: Shared | None = None) -> Sanic:
    """Return everything that is served; ``app.ctx.agent`` is still to be set."""
    shared = shared or Shared(settings)
    app = Sanic("engagement_lotse", configure_logging=False)
    secure(app, settings)
    add_pages(app, settings)
    app.blueprint(plan_routes(plan_key(), _knowledge, get_texts))
    rocketchat = RocketChatChannel.if_configured(settings, shared.seen)
    channels = [RestChannel(), WebChannel(settings, _knowledge, shared), *rocketchat]
    channel.register(channels, app, route="/webhooks/")

    @app.get("/health")
    async def health(request: Request) -> HTTPResponse:
        agent: Agent | None = getattr(request.app.ctx, "agent", None)
        ready = agent is not None and agent.is_ready()
        live = get_live_knowledge()
        return response.json(
            {
                "status": "ok" if ready else "starting",
                "version": __version__,
                "german": german()[0],
                "entries": len(live.current.knowledge),
                "knowledge": live.status.to_json(),
                "redis": shared.health(),
                "channels": {added.name(): added.health() for added in rocketchat},
            },
            200 if ready else 503,
        )

    return app


def _knowledge() -> Knowledge:
    return get_live_knowledge().current.knowledge


async def _warm_up(agent: Agent) -> None:
    """Parse one message, so that the first person does not wait for lazily loaded parts."""
    await agent.parse_message("Guten Tag")


def serve(settings: Settings) -> None:
    """Serve until stopped.

    Raises:
        PortTaken: the port is not free.
    """
    check_port(settings)
    create_app(settings).run(
        host=settings.host, port=settings.port, workers=1, access_log=False, motd=False
    )
