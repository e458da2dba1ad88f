"""`admit serve`: uvicorn around the application, and an end that does not hang."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from .app import Server, open_site
from .settings import Settings, needs_mail, passkeys_impossible
from .starting import StartError

log = logging.getLogger("admit")
GRACE_S = 2
MOST_FILES = 65_536


class PatientServer(uvicorn.Server):
    """Ends the feed's streams before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self._served = server

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second Ctrl-C ends at once. Called in the main thread between two instructions of the loop.

        Uvicorn would raise the signal again once it has ended, which for SIGTERM kills the process before the database is closed.
        """
        asyncio.get_running_loop().call_soon_threadsafe(self._served.hub.close)
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def run(settings: Settings, *, demo: bool = False) -> int:
    """Serve until a signal; the exit code.

    Raises:
        StartError: See there; nothing was served.
    """
    _log(settings)
    _open_many_files()
    listener = _listen(settings)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(settings, listener, demo=demo))
    except KeyboardInterrupt:
        return 0
    finally:
        listener.close()


async def _serve(settings: Settings, listener: socket.socket, *, demo: bool) -> int:
    async with open_site(settings) as server:
        if demo:
            from .demo import seed

            await seed(server.runtime)
        config = uvicorn.Config(
            server.application,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_S,
            http="httptools",
            h11_max_incomplete_event_size=32_768,
        )
        _warn_of_unsafe_choices(settings)
        _tell_of_passkeys(settings)
        _tell_of_mail(settings)
        log.info("Admit serves %s", settings.issuer)
        await PatientServer(config, server).serve([listener])
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # it does not exist for Windows
        return None
    return uvloop.new_event_loop


def _open_many_files() -> None:
    """Take what the system allows at most: each stream of the feed is an open file, and 1024 is where many systems begin."""
    try:
        import resource
    except ImportError:  # it does not exist for Windows, nor does the limit
        return
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror or error}. End the program that uses it, or choose "
            "another with --port"
        ) from None
    listener.listen(2048)
    listener.setblocking(False)
    return listener


def _warn_of_unsafe_choices(settings: Settings) -> None:
    if settings.server.insecure_http and settings.issuer.startswith("http:"):
        log.warning("UNSAFE: --insecure-http: passwords and tokens travel in plain text to %s", settings.issuer)


def _tell_of_passkeys(settings: Settings) -> None:
    if (why_not := passkeys_impossible(settings)) is not None:
        # On a developer's own machine it is how things begin; anywhere else somebody waits for passkeys that never come.
        on_loopback = settings.issuer.startswith("http://") and not settings.server.insecure_http
        log.log(logging.INFO if on_loopback else logging.WARNING, "%s", why_not)


def _tell_of_mail(settings: Settings) -> None:
    if needs := needs_mail(settings):
        log.warning("mail.host is not set, so no mail is sent, and %s", " and ".join(needs))


def _log(settings: Settings) -> None:
    level = settings.log.level.upper()
    handler = logging.StreamHandler(sys.stderr)
    if settings.log.format == "json":
        import structlog

        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(),
                ],
                foreign_pre_chain=[
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                ],
            )
        )
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel("WARNING")
