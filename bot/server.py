"""One process: Rasa, the channels and the actions."""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from typing import Any

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
from bot.health import Readiness, StoreCheck, add_health
from bot.http import secure
from bot.knowledge import Knowledge
from bot.logs import people_may_write
from bot.memory import tidy_up
from bot.metrics import LogCounter, States, add_metrics
from bot.pages import add_pages
from bot.preflight import check_memory, check_port
from bot.protocol import StrictProtocol
from bot.settings import Settings
from bot.shared import Shared
from bot.storage.retention import keep_retention

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> Sanic:
    """Return the web application; the agent is loaded when it starts."""
    shared = Shared(settings)
    app = create_routes(settings, shared)

    async def load(running: Sanic, _: AbstractEventLoop) -> None:
        running.ctx.agent = await create_agent(settings, shared)
        get_live_knowledge().start()  # after the model, which knows most of its words already
        await _warm_up(running.ctx.agent)
        tidy_up()
        people_may_write()
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
    web = WebChannel(settings, _knowledge, shared)
    channels = [RestChannel(), web, *rocketchat]
    channel.register(channels, app, route="/webhooks/")

    def forget_idle() -> None:
        web.forget_idle()
        if loaded():
            app.ctx.agent.tracker_store.forget_idle()

    keep_retention(app, settings, forget_idle)

    def loaded() -> bool:
        agent: Agent | None = getattr(app.ctx, "agent", None)
        return agent is not None and agent.is_ready()

    async def ping() -> None:
        await app.ctx.agent.tracker_store.ping()

    def states() -> dict[str, dict[str, Any]]:
        return {added.name(): added.health() for added in rocketchat}

    readiness = Readiness(loaded, get_live_knowledge, StoreCheck(ping), states, shared.health)
    add_health(app, readiness)
    add_metrics(app, settings, States(get_live_knowledge, states, readiness))

    @app.get("/health")
    async def health(_: Request) -> HTTPResponse:
        ready = loaded()
        live = get_live_knowledge()
        return response.json(
            {
                "status": "ok" if ready else "starting",
                "version": __version__,
                "german": german()[0],
                "entries": len(live.current.knowledge),
                "knowledge": live.status.to_json(),
                "redis": shared.health(),
                "channels": states(),
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
        StoreUnusable: the database can't be used.
        ModelMissing: there is no model, or it can't be loaded.
    """
    check_port(settings)
    check_memory()
    logging.getLogger().addHandler(LogCounter())
    create_app(settings).run(
        host=settings.host,
        port=settings.port,
        workers=1,
        protocol=StrictProtocol,
        access_log=False,
        motd=False,
    )
