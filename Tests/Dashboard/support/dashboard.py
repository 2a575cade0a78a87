"""The page in a browser, with a clock that only moves when a test says so, and everything that must never happen."""

from datetime import datetime, timedelta

from playwright.sync_api import BrowserContext, Locator

from support.fake import FakeMcpo

NOON = datetime(2026, 6, 1, 12, 3, 0)
REFUSED = "Failed to load resource"
"""How Chromium puts it on the console that mcpo was away, or said 401; no script can prevent that."""

# A frame is told by what the page's stopped clock does not stop.
PAINTED = """() => new Promise(done => {
    const observer = new IntersectionObserver(() => { observer.disconnect(); done(); });
    observer.observe(document.body);
})"""

WATCH = "document.addEventListener('securitypolicyviolation', event => console.error('CSP: ' + event.violatedDirective))"


class Dashboard:
    def __init__(self, context: BrowserContext, mcpo: FakeMcpo, frozen: bool = True) -> None:
        self.mcpo = mcpo
        self.page = context.new_page()
        self.page.set_default_timeout(5000)
        self.page.add_init_script(WATCH)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self._complain(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        if frozen:
            self.page.clock.install(time=NOON)
            self.page.clock.pause_at(NOON + timedelta(seconds=1))

    def _complain(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(REFUSED):
            self.complaints.append(text)

    def open(self) -> "Dashboard":
        self.page.goto(self.mcpo.url)
        self.rest()
        return self

    def rest(self) -> None:
        """Waits until no question is under way, in real time."""
        while self.page.evaluate("link.busy"):
            self.page.wait_for_timeout(5)

    def tick(self, seconds: int = 1) -> None:
        """Lets the page's clock go on, with a question and its answer in each second that has one."""
        for _ in range(seconds):
            self.page.clock.run_for(1000)
            self.rest()

    def paint(self) -> None:
        """Waits until what the page has become was painted, and its observers of layout were told."""
        self.page.evaluate(PAINTED)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def text(self, selector: str) -> str:
        """What is written there, with plain spaces."""
        return " ".join(self.find(selector).inner_text().split())

    def column(self, table: str, title: str) -> list[str]:
        heads = [head.strip() for head in self.find(f"{table} thead th").all_inner_texts()]
        cells = self.find(f"{table} tbody tr > :nth-child({heads.index(title) + 1})").all_inner_texts()
        return [" ".join(cell.split()) for cell in cells]

    def is_clean(self) -> None:
        assert self.complaints == []
        others = [url for url in self.asked if not url.startswith((self.mcpo.url, "data:"))]
        assert others == [], "something was asked of another origin"
