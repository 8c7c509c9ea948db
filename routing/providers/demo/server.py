"""Run the demo provider as a process: `python -m routing.providers.demo --port 8100`."""

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from .app import Pace, make_app
from .faults import Faults

HOST = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo provider's options to a parser."""
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one and prints it")
    parser.add_argument("--latency-ms", type=_not_negative, default=0.0, help="time before the first token")
    parser.add_argument("--tokens-per-second", type=_not_negative, default=0.0, help="speed of an answer; 0: no limit")
    parser.add_argument("--error-rate", type=_share, default=0.0, help="share of calls that get a 500")
    parser.add_argument("--rate-limit-rate", type=_share, default=0.0, help="share of calls that get a 429")
    parser.add_argument("--break-stream-rate", type=_share, default=0.0, help="share of answers cut half-way")


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be 0 or more")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} must be from 0 to 1")
    return value


async def serve(options: argparse.Namespace) -> None:
    """Listen until SIGTERM or SIGINT, then end open answers and return."""
    faults = Faults()
    for kind in ("error", "rate_limit", "break_stream"):
        faults.set({"kind": kind, "share": getattr(options, f"{kind}_rate")})
    app = make_app(Pace(options.latency_ms, options.tokens_per_second), faults)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        site = web.TCPSite(runner, HOST, options.port, backlog=1024)
        await site.start()
        port = runner.addresses[0][1]
        sys.stdout.write(f"Demo provider is ready: http://{HOST}:{port}/v1\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        await runner.cleanup()


def main(arguments: list[str] | None = None) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="demo_provider", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.exit(f"The demo provider cannot listen on {HOST}:{options.port}: {error.strerror or error}.")
