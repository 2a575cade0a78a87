"""mcpo that asks for its token, and what a token allows."""

import pytest
from playwright.sync_api import expect

from support.dashboard import Dashboard

TOKEN = "correct horse"


def locked(dashboard: Dashboard) -> Dashboard:
    dashboard.mcpo.token = TOKEN
    return dashboard.open()


def type_token(dashboard: Dashboard, token: str = TOKEN) -> None:
    dashboard.page.keyboard.type(token)
    dashboard.page.keyboard.press("Enter")
    dashboard.rest()


def managed(dashboard: Dashboard, token: str = TOKEN) -> Dashboard:
    dashboard.open()
    dashboard.find("#manage summary").click()
    dashboard.find("#unlock-token").fill(token)
    dashboard.find("#unlock-token").press("Enter")
    dashboard.rest()
    return dashboard


def answered(dashboard: Dashboard, text: str) -> None:
    expect(dashboard.find("#answer")).to_have_text(text)


def test_it_asks_for_the_token_and_sends_it(dashboard: Dashboard):
    locked(dashboard)
    assert dashboard.find("#login-token").get_attribute("type") == "password"
    assert dashboard.page.evaluate("document.activeElement.id") == "login-token"
    assert not dashboard.find("#tools").is_visible()
    type_token(dashboard)
    assert dashboard.text("#status") == "Healthy"
    assert not dashboard.find("#login").is_visible()
    dashboard.tick(2)
    assert [request.token for request in dashboard.mcpo.asked("/metrics")] == [None, TOKEN, TOKEN, TOKEN]


def test_a_wrong_token_is_not_kept(dashboard: Dashboard):
    locked(dashboard)
    type_token(dashboard, "wrong")
    assert dashboard.text("#status") == "Token wanted"
    assert dashboard.text("#notice") == ""
    assert dashboard.text("#login-answer") == "That token was not accepted."
    assert dashboard.page.evaluate("sessionStorage.length + localStorage.length") == 0
    type_token(dashboard)
    assert dashboard.text("#status") == "Healthy"


def test_it_does_not_go_on_asking_without_a_token(dashboard: Dashboard):
    locked(dashboard)
    dashboard.tick(30)
    assert len(dashboard.mcpo.asked("/metrics")) == 1


def test_the_token_lasts_as_long_as_the_tab_and_is_in_no_address(dashboard: Dashboard):
    locked(dashboard)
    type_token(dashboard)
    dashboard.page.reload()
    dashboard.rest()
    assert dashboard.text("#status") == "Healthy"
    assert dashboard.page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert not any("correct" in url for url in dashboard.asked)
    elsewhere = Dashboard(dashboard.page.context, dashboard.mcpo).open()
    assert elsewhere.find("#login").is_visible()


def test_a_token_that_is_changed_while_it_runs_is_asked_for_again(dashboard: Dashboard):
    locked(dashboard)
    type_token(dashboard)
    dashboard.mcpo.token = "another"
    dashboard.tick(2)
    assert dashboard.find("#login").is_visible()
    type_token(dashboard, "another")
    assert dashboard.text("#status") == "Healthy"


def test_nothing_can_be_changed_before_a_token_is_given(dashboard: Dashboard):
    dashboard.open()
    dashboard.find("#manage summary").press("Enter")
    assert dashboard.find("#unlock-token").is_visible()
    assert not dashboard.find("#tasks").is_visible()


def test_a_cache_is_cleared_only_after_a_confirmation(dashboard: Dashboard):
    managed(dashboard)
    dashboard.find("#clear button").click()
    assert dashboard.text("#confirm-text").startswith("Drop everything that is cached of all servers?")
    assert dashboard.page.evaluate("document.activeElement.innerText") == "Cancel"
    dashboard.page.keyboard.press("Escape")
    dashboard.find("#clear button").click()
    dashboard.find("#no").click()
    assert dashboard.mcpo.asked("/cache/clear") == []
    dashboard.find("#clear button").click()
    dashboard.find("#yes").click()
    answered(dashboard, "The cache is cleared.")
    dashboard.find("#clear-server").select_option("github")
    dashboard.tick(2)
    dashboard.find("#clear button").click()
    assert "“github”" in dashboard.text("#confirm-text")
    with dashboard.page.expect_response("**/cache/clear"):
        dashboard.find("#yes").click()
    requests = dashboard.mcpo.asked("/cache/clear")
    assert [(request.method, request.body, request.token) for request in requests] == [
        ("POST", {}, TOKEN), ("POST", {"server": "github"}, TOKEN),
    ]  # fmt: skip


def test_the_configuration_is_reloaded(dashboard: Dashboard):
    dashboard.mcpo.answers["POST /reload"] = (200, {"changes": []})
    managed(dashboard)
    dashboard.find("#reload").click()
    answered(dashboard, "The configuration is loaded again; nothing has changed.")
    dashboard.mcpo.answers["POST /reload"] = (200, {"changes": ["server added: time", "server removed: git"]})
    dashboard.find("#reload").click()
    answered(dashboard, "The configuration is loaded again: server added: time · server removed: git.")
    dashboard.mcpo.answers["POST /reload"] = (422, {"error": "not loaded", "problems": ["line 1", "line 2"]})
    dashboard.find("#reload").click()
    answered(dashboard, "not loaded · line 1 · line 2")
    assert [request.method for request in dashboard.mcpo.asked("/reload")] == ["POST"] * 3


def test_the_limit_is_set_and_not_overwritten_while_it_is_typed(dashboard: Dashboard):
    managed(dashboard)
    assert dashboard.find("#limit-max").input_value() == "100"
    dashboard.find("#limit-max").fill("20")
    dashboard.tick(2)
    assert dashboard.find("#limit-max").input_value() == "20"
    dashboard.find("#limit-max").press("Enter")
    answered(dashboard, "At most 20 calls at once from now on.")
    assert [(request.method, request.body) for request in dashboard.mcpo.asked("/concurrency")] == [("PUT", {"max": 20})]
    dashboard.find("#limit-max").fill("0")
    dashboard.find("#limit-max").press("Enter")
    assert len(dashboard.mcpo.asked("/concurrency")) == 1, "the browser refuses what cannot be"


@pytest.mark.parametrize("status", [400, 403, 409, 503])
def test_what_mcpo_refuses_is_told_in_its_words(dashboard: Dashboard, status: int):
    dashboard.mcpo.answers["POST /reload"] = (status, {"error": "set http.token to allow changes <b>"})
    managed(dashboard)
    dashboard.find("#reload").click()
    answered(dashboard, "set http.token to allow changes <b>")


def test_a_token_that_is_not_taken_is_forgotten(dashboard: Dashboard):
    dashboard.mcpo.answers["POST /reload"] = (401, {"error": "no"})
    managed(dashboard)
    dashboard.find("#reload").click()
    answered(dashboard, "That token was not accepted.")
    assert dashboard.find("#unlock-token").is_visible()


def test_the_token_can_be_forgotten(dashboard: Dashboard):
    managed(dashboard)
    dashboard.find("#forget").click()
    assert dashboard.page.evaluate("sessionStorage.length") == 0
    dashboard.tick(2)
    assert dashboard.mcpo.requests[-1].token is None


def test_an_action_without_an_answer_says_so(dashboard: Dashboard):
    managed(dashboard)
    dashboard.mcpo.stop()
    dashboard.find("#reload").click()
    answered(dashboard, "mcpo did not answer; whether it did this is not known.")
    dashboard.mcpo.start()
