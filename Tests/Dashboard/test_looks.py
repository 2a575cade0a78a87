"""Contrast, small screens, keyboard, and that nothing jumps."""

import pytest

from support.dashboard import Dashboard
from support.lively import lively_document

SCHEMES = [{"color_scheme": "light"}, {"color_scheme": "dark"}]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}

in_every_width = pytest.mark.parametrize(
    "view",
    [PHONE, PHONE | {"viewport": {"width": 320, "height": 600}}]
    + [{"viewport": {"width": width, "height": 800}} for width in (820, 960, 1280)],
    ids=["360", "320", "820", "960", "1280"],
)

# Every element with text of its own, its colour against the nearest background, as in WCAG 2.2 (1.4.3).
CONTRASTS = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
    const light = color => rgba(color).slice(0, 3).map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4).reduce((sum, x, i) => sum + x * [.2126, .7152, .0722][i], 0);
    const behind = node => { for (; node; node = node.parentElement) { const color = getComputedStyle(node).backgroundColor; if (rgba(color)[3] === 255) return color; } return 'white'; };
    const found = [];
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
        if (!own || !node.checkVisibility() || node.closest('script, style, .unseen')) continue;
        const [a, b] = [light(getComputedStyle(node).color), light(behind(node))];
        found.push([node.tagName + '.' + node.className + ': ' + node.textContent.slice(0, 30), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]);
    }
    return found;
}"""


@pytest.fixture
def lively(dashboard: Dashboard) -> Dashboard:
    dashboard.mcpo.document = lively_document()
    return dashboard.open()


def colour(dashboard: Dashboard, selector: str) -> int:
    """How bright its background is, from 0 to 765."""
    return sum(map(int, dashboard.page.evaluate(
        "selector => getComputedStyle(document.querySelector(selector)).backgroundColor.match(/\\d+/g).slice(0, 3)", selector
    )))  # fmt: skip


@pytest.mark.parametrize("view", SCHEMES, ids=["light", "dark"])
def test_it_is_light_or_dark_as_the_reader_wants(lively: Dashboard, view: dict):
    assert (colour(lively, "html") > 384) == (view["color_scheme"] == "light")
    assert (colour(lively, ".card") > 384) == (view["color_scheme"] == "light")


@pytest.mark.parametrize("view", SCHEMES, ids=["light", "dark"])
def test_every_text_has_contrast(lively: Dashboard):
    lively.find("#manage summary").click()
    lively.find("#unlock-token").fill("token")
    lively.find("#unlock-token").press("Enter")
    lively.find("#clear button").click()
    lively.mcpo.stop()
    lively.tick()
    contrasts = lively.page.evaluate(CONTRASTS)
    assert len(contrasts) > 150
    assert [one for one in contrasts if one[1] < 4.5] == []


@in_every_width
def test_the_page_never_moves_sideways(lively: Dashboard, view: dict):
    lively.find("#manage summary").click()
    lively.find("#rate summary").click()
    lively.tick(2)
    width = view["viewport"]["width"]
    assert lively.page.evaluate("document.documentElement.scrollWidth") == width
    assert lively.page.evaluate("window.innerWidth") == width
    lively.mcpo.stop()
    lively.tick()
    assert lively.page.evaluate("document.documentElement.scrollWidth") == width


@in_every_width
def test_no_cell_runs_into_the_next(lively: Dashboard):
    lively.page.evaluate("document.querySelectorAll('details').forEach(node => node.open = true)")
    lively.tick(62)
    cells = lively.page.evaluate("[...document.querySelectorAll('th, td')].filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)")
    assert cells == []


@pytest.mark.parametrize("view", [PHONE], ids=["phone"])
def test_a_wide_table_moves_inside_its_card_and_keeps_the_names(lively: Dashboard):
    scroller = lively.find("#tools .scroll")
    before = lively.find("#tools tbody th").first.bounding_box()["x"]
    scroller.evaluate("node => node.scrollTo(400, 0)")
    assert scroller.evaluate("node => node.scrollLeft") == 400
    assert abs(lively.find("#tools tbody th").first.bounding_box()["x"] - before) <= 16


def test_nothing_jumps_when_figures_change(lively: Dashboard):
    lively.paint()  # the first figures make room for themselves
    lively.page.evaluate("""() => {
        window.shifts = [];
        new PerformanceObserver(list => shifts.push(...list.getEntries().map(entry => entry.value))).observe({type: 'layout-shift'});
    }""")
    boxes = [lively.find(card).bounding_box() for card in ("#rate", "#latency", "#servers", "#tools", "#caches")]
    for second in range(5):
        for one in lively.mcpo.document["performance"].values():
            one["total_requests"] = int(one["total_requests"] * 1.7)
            one["p99_duration"] *= 1.9
            one["total_duration"] *= 1.5
        lively.tick()
        lively.paint()
    assert [lively.find(card).bounding_box() for card in ("#rate", "#latency", "#servers", "#tools", "#caches")] == boxes
    assert sum(lively.page.evaluate("shifts")) < 0.001, "more than numbers that grow to the left"


def test_the_keyboard_reaches_everything_and_shows_where_it_is(lively: Dashboard):
    lively.page.evaluate("document.querySelector('#manage').open = true")
    reached = []
    for _ in range(60):
        lively.page.keyboard.press("Tab")
        name, outline = lively.page.evaluate("""() => {
            const node = document.activeElement, style = getComputedStyle(node);
            return [node.id || node.className || node.innerText, style.outlineStyle];
        }""")
        if node_is_body(lively):
            break
        assert outline != "none", name
        reached.append(name)
    assert reached[0] == "skip"
    assert {"alarm", "filter", "Time spent", "Manage", "unlock-token", "As a table"} <= set(reached)


def node_is_body(dashboard: Dashboard) -> bool:
    return dashboard.page.evaluate("document.activeElement === document.body")


def test_the_skip_link_goes_to_the_figures(lively: Dashboard):
    lively.page.keyboard.press("Tab")
    assert lively.find(".skip").bounding_box()["y"] >= 0
    lively.page.keyboard.press("Enter")
    assert lively.page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("view", [{"reduced_motion": "reduce"}], ids=["reduced"])
def test_nothing_moves_for_those_who_want_that(lively: Dashboard):
    moving = "[...document.querySelectorAll('*')].filter(node => parseFloat(getComputedStyle(node).transitionDuration) || getComputedStyle(node).animationName !== 'none').length"
    assert lively.page.evaluate(moving) == 0


def test_headings_landmarks_and_labels_are_there(lively: Dashboard):
    page = lively.page
    assert page.get_by_role("heading", level=1).inner_text() == "mcpo"
    assert page.get_by_role("heading", level=2).count() == 6
    assert page.get_by_role("main").count() == page.get_by_role("banner").count() == 1
    assert page.get_by_role("searchbox", name="Filter tools").count() == 1
    assert page.get_by_role("region", name="Tools").count() >= 1
    assert page.get_by_role("rowheader", name="github__search_issues").count() == 1
    assert page.get_by_role("img").count() == 2
    assert page.evaluate("document.querySelectorAll('input:not([id])').length") == 0
    assert page.evaluate("[...document.querySelectorAll('input, select')].every(node => node.labels.length)")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids))
