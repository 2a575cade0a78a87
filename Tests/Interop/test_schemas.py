"""Every line that mcpo writes, to the client and to the server, fits the JSON schema of its revision.

The scenarios of the other tests are played once more with a recorder on each side of mcpo; the direct route shows
that what the SDK itself writes fits.
"""

import dataclasses

import anyio
import pytest

from support.play import Scenario, run
from support.routes import tee
from support.schemas import SCHEMAS, judge
from support.transcript import PATIENCE
from test_callbacks import INPUT_REQUIRED, REQUESTS
from test_changes import LISTEN, SUBSCRIBE
from test_features import RESOURCES, TOOLS
from test_first_generation import SDK1
from test_logging import LOGS
from test_pages import PAGES
from test_progress import CANCELLATION, PROGRESS

pytestmark = pytest.mark.skipif(not SCHEMAS.is_dir(), reason=f"no schemas at {SCHEMAS} (set MCPO_SCHEMAS)")

SCENARIOS = {
    "tools": TOOLS, "resources": RESOURCES, "progress": PROGRESS, "cancellation": CANCELLATION, "logs": LOGS,
    "requests": REQUESTS, "input_required": INPUT_REQUIRED, "subscribe": SUBSCRIBE, "listen": LISTEN, "pages": PAGES,
    "sdk1": SDK1,
}  # fmt: skip


def recorded(scenario: Scenario, mode: str, route: str, logs) -> list[str]:
    """Plays the scenario with recorders; the names of those that recorded."""
    watched = dataclasses.replace(
        scenario, command=lambda directory: tee(logs / "server", scenario.command(directory))
    )

    async def play() -> None:
        with anyio.fail_after(4 * PATIENCE):
            await run(
                watched if route == "mcpo" else scenario, mode, route, lambda command: tee(logs / "client", command)
            )

    anyio.run(play)
    return ["client", "server"] if route == "mcpo" else ["client"]


@pytest.mark.modes("legacy", "auto")
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_line_fits_the_schema_of_its_revision(name, mode, route, tmp_path):
    revision = "2025-11-25" if mode == "legacy" or name == "sdk1" else "2026-07-28"
    for side in recorded(SCENARIOS[name], mode, route, tmp_path):
        conversations = judge(tmp_path / side, revision)
        for conversation in conversations:
            assert conversation.violations == [], f"towards the {side}"
        assert max(len(conversation.judged) for conversation in conversations) >= 3
