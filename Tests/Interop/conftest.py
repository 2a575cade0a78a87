"""A test that takes `mode`, `route` or `era` is run once for each of them."""

import os

import pytest

pytest.register_assert_rewrite("support.play", "support.transcript", "support.wire", "support.schemas")

from support.routes import MODES, ROUTES, mcpo_binary  # noqa: E402 (the rewriting must come first)


def pytest_configure(config: pytest.Config) -> None:
    if not os.access(mcpo_binary(), os.X_OK):
        pytest.exit(f"no mcpo at {mcpo_binary()}: build it, or set MCPO_BINARY", returncode=2)


def pytest_report_header() -> str:
    return f"mcpo: {mcpo_binary()} {os.environ.get('MCPO_OPTIONS', '')}".rstrip()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for argument, everything in (("route", ROUTES), ("mode", MODES), ("era", ["legacy", "modern"])):
        if argument in metafunc.fixturenames:
            chosen = metafunc.definition.get_closest_marker(f"{argument}s")
            metafunc.parametrize(argument, chosen.args if chosen else everything)
