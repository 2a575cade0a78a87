"""Sorting, filtering, and what must not be lost while figures change."""

from support.dashboard import Dashboard
from support.fake import endpoint


def three_tools(dashboard: Dashboard) -> dict:
    performance = dashboard.mcpo.document["performance"]
    for name, cost, requests in (("beta", 10, 3), ("alpha", 30, 1), ("gamma", 20, 2)):
        performance[name] = endpoint(name, total_duration=cost, total_requests=requests, server=f"server of {name}")
    dashboard.open()
    return performance


def test_the_costliest_tool_comes_first(dashboard: Dashboard):
    three_tools(dashboard)
    assert dashboard.column("#tools", "Tool") == ["alpha", "gamma", "beta"]
    assert dashboard.find("#tools th[aria-sort]").all_inner_texts() == ["Time spent"]


def test_every_column_is_sorted_by_keyboard_and_says_so(dashboard: Dashboard):
    three_tools(dashboard)
    head = dashboard.find("#tools thead th", ).filter(has_text="Requests")
    head.get_by_role("button").focus()
    dashboard.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert dashboard.column("#tools", "Requests") == ["3", "2", "1"]
    dashboard.page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    assert dashboard.column("#tools", "Requests") == ["1", "2", "3"]
    assert dashboard.find("#tools th[aria-sort]").count() == 1
    for button in dashboard.find("#tools thead button").all():
        button.press("Enter")
        assert dashboard.find("#tools th[aria-sort]").inner_text() == button.inner_text()


def test_a_click_sorts_names_from_a_to_z(dashboard: Dashboard):
    three_tools(dashboard)
    dashboard.find("#tools thead button").first.click()
    assert dashboard.column("#tools", "Tool") == ["alpha", "beta", "gamma"]


def test_what_has_no_value_comes_last_in_both_directions(dashboard: Dashboard):
    performance = three_tools(dashboard)
    del performance["gamma"]["p50_duration"]
    dashboard.tick()
    for _ in range(2):
        dashboard.find("#tools thead button", ).filter(has_text="p50").press("Enter")
        assert dashboard.column("#tools", "Tool")[-1] == "gamma"


def test_slash_goes_to_the_filter_and_escape_empties_it(dashboard: Dashboard):
    three_tools(dashboard)
    dashboard.page.keyboard.press("/")
    dashboard.page.keyboard.type("GAM")
    assert dashboard.column("#tools", "Tool") == ["gamma"]
    assert dashboard.text("#tools-count") == "1 of 3 tools"
    dashboard.page.keyboard.type("/")
    assert dashboard.text("#tools .none") == "No tool has that in its name."
    dashboard.page.keyboard.press("Escape")
    assert len(dashboard.column("#tools", "Tool")) == 3
    dashboard.page.keyboard.type("server of beta")
    assert dashboard.column("#tools", "Tool") == ["beta"]
    dashboard.page.keyboard.press("Enter")
    assert dashboard.find("#filter").input_value() == "server of beta"


def test_rows_and_focus_and_selection_survive_an_update(dashboard: Dashboard):
    performance = three_tools(dashboard)
    page = dashboard.page
    page.evaluate("""() => {
        window.rows = new Map([...document.querySelectorAll('#tools tbody tr')].map(row => [row.innerText.split('\\t')[0], row]));
        getSelection().selectAllChildren(document.querySelector('#tools tbody tr:nth-child(3) .name'));
        document.querySelector('#tools thead button').focus();
    }""")
    performance["beta"] |= {"total_duration": 99, "total_requests": 1000}
    dashboard.tick()
    assert dashboard.column("#tools", "Tool") == ["beta", "alpha", "gamma"]
    assert page.evaluate("[...document.querySelectorAll('#tools tbody tr')].every(row => rows.get(row.innerText.split('\\t')[0]) === row)")
    assert page.evaluate("document.activeElement.innerText") == "Tool"


def test_a_text_that_is_selected_stays_selected(dashboard: Dashboard):
    performance = three_tools(dashboard)
    dashboard.page.evaluate("getSelection().selectAllChildren(document.querySelector('#tools tbody tr:nth-child(2) .name'))")
    performance["gamma"]["total_requests"] += 5
    dashboard.tick()
    assert dashboard.page.evaluate("getSelection().toString()") == "gamma"


def test_the_order_rests_while_the_pointer_is_on_it(dashboard: Dashboard):
    performance = three_tools(dashboard)
    dashboard.find("#tools tbody tr").nth(1).hover()
    performance["beta"]["total_duration"] = 99
    dashboard.tick()
    assert dashboard.column("#tools", "Time spent") == ["30 s", "20 s", "1 min 39 s"]
    dashboard.page.mouse.move(0, 0)
    dashboard.tick()
    assert dashboard.column("#tools", "Tool") == ["beta", "alpha", "gamma"]


def test_tools_that_go_away_leave_the_table(dashboard: Dashboard):
    performance = three_tools(dashboard)
    del performance["alpha"]
    dashboard.tick()
    assert dashboard.column("#tools", "Tool") == ["gamma", "beta"]
