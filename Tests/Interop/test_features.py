"""Tools, resources, prompts and completion: the features that both eras share."""

from mcp.types import PromptReference, ResourceTemplateReference

from support.play import Scenario, Stage, play
from support.routes import own_server


async def tools(stage: Stage) -> None:
    await stage.step("list", stage.client.list_tools())
    await stage.call("add", "add", {"a": 2, "b": 40})
    await stage.call("add much", "add", {"a": 10**30, "b": -1})
    await stage.call("content", "each_kind_of_content")
    await stage.call("long", "long_text", {"length": 3_000_000})
    await stage.call("fail", "fail")
    await stage.call("crash", "crash")
    await stage.call("refuse", "refuse")
    await stage.call("wrong argument", "add", {"a": "two", "b": 1})
    await stage.call("unknown tool", "no_such_tool")
    await stage.call("with meta", "add", {"a": 1, "b": 1}, meta={"example.com/x": {"y": [1, None]}})


async def resources(stage: Stage) -> None:
    client = stage.client
    await stage.step("list", client.list_resources())
    await stage.step("templates", client.list_resource_templates())
    await stage.step("text", client.read_resource("text://greeting"))
    await stage.step("blob", client.read_resource("bytes://zeros"))
    await stage.step("template", client.read_resource("note://top/%C3%A9t%C3%A9"))
    await stage.step("unknown", client.read_resource("nowhere://at/all"))
    await stage.step("list prompts", client.list_prompts())
    await stage.step("prompt", client.get_prompt("review", {"code": "let x = 1 // «»"}))
    await stage.step("unknown prompt", client.get_prompt("no_such_prompt"))
    await stage.step("argument missing", client.get_prompt("review", {}))
    prompt, template = PromptReference(name="review"), ResourceTemplateReference(uri="note://{shelf}/{name}")
    await stage.step("complete", client.complete(prompt, {"name": "language", "value": "sw"}))
    await stage.step("in context", client.complete(template, {"name": "name", "value": "x"}, {"shelf": "top"}))


TOOLS = Scenario(lambda directory: own_server("everything"), tools)
RESOURCES = Scenario(lambda directory: own_server("everything"), resources)


def test_the_handshake_tells_the_servers_own_name_version_and_instructions(mode, route):
    seen = play(TOOLS, mode, route).result("handshake")
    if mode == "legacy":
        assert seen["version"] == "2025-11-25"
        assert seen["initialized"]["serverInfo"]["version"] == "7.0.1-β"
        assert seen["initialized"]["instructions"].endswith("«ça va» 🙂")
    elif mode == "auto":
        assert seen["version"] == "2026-07-28"
        assert seen["discovered"]["supportedVersions"] == ["2026-07-28"]
        assert seen["discovered"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "everything"
        assert seen["discovered"]["instructions"].endswith("«ça va» 🙂")
    else:
        assert seen["discovered"]["capabilities"] == {}, "a pinned client asks nobody"


def test_the_list_of_tools_keeps_annotations_schemas_and_meta(mode, route):
    tools = play(TOOLS, mode, route).result("list")["tools"]
    add = next(tool for tool in tools if tool["name"] == "add")
    assert [tool["name"] for tool in tools][:3] == ["add", "each_kind_of_content", "long_text"]
    assert add["annotations"] == {"title": "A reader", "readOnlyHint": True, "openWorldHint": False}
    assert add["_meta"] == {"example.com/shelf": 3}
    assert add["outputSchema"]["required"] == ["total", "digits"]


def test_structured_results_come_whole_and_numbers_keep_every_digit(mode, route):
    seen = play(TOOLS, mode, route)
    assert seen.result("add")["structuredContent"] == {"total": 42, "digits": ["4", "2"]}
    assert seen.result("add much")["structuredContent"]["total"] == 10**30 - 1
    assert seen.result("with meta")["structuredContent"]["total"] == 2


def test_every_kind_of_content_block_arrives(mode, route):
    seen = play(TOOLS, mode, route)
    blocks = seen.result("content")["content"]
    assert [block["type"] for block in blocks] == ["text", "image", "audio", "resource_link", "resource"]
    assert blocks[0]["text"] == 'line\nbreak\ttab "quote" \\ \u2028 \x7f 🙂'
    assert len(seen.text("long")) == 3_000_000


def test_failures_are_the_servers_own(mode, route):
    seen = play(TOOLS, mode, route)
    assert seen.result("fail")["isError"] is True and "on purpose" in seen.text("fail")
    assert seen.result("crash")["isError"] is True and "secret" not in seen.text("crash")
    expected = {"code": 4711, "message": "refused on purpose", "data": {"why": ["because", None, 1.5]}}
    assert seen.error("refuse") == expected
    assert seen.result("wrong argument")["isError"] is True
    assert seen.result("unknown tool")["isError"] is True


def test_resources_and_templates_are_listed_and_read(mode, route):
    seen = play(RESOURCES, mode, route)
    assert [resource["uri"] for resource in seen.result("list")["resources"]] == ["text://greeting", "bytes://zeros"]
    assert [one["uriTemplate"] for one in seen.result("templates")["resourceTemplates"]] == ["note://{shelf}/{name}"]
    assert seen.result("text")["contents"][0]["text"] == "hello"
    assert seen.result("blob")["contents"][0]["blob"] == "AAECAwQFBgcICQoLDA0ODw=="
    assert seen.result("template")["contents"][0]["text"] == "# top\nété"
    assert seen.error("unknown")["code"] == -32602


def test_prompts_are_listed_and_rendered(mode, route):
    seen = play(RESOURCES, mode, route)
    (prompt,) = seen.result("list prompts")["prompts"]
    assert [argument["name"] for argument in prompt["arguments"]] == ["code", "language"]
    messages = seen.result("prompt")["messages"]
    assert messages[0]["content"]["text"] == "Review this swift:\nlet x = 1 // «»"
    assert messages[1]["role"] == "assistant"
    assert seen.error("unknown prompt")["message"] and seen.error("argument missing")["message"]


def test_completion_knows_prompts_templates_and_what_was_chosen_before(mode, route):
    seen = play(RESOURCES, mode, route)
    assert seen.result("complete")["completion"] == {"values": ["swift", "swahili"], "total": 2, "hasMore": False}
    assert seen.result("in context")["completion"]["values"] == ["top/x…"]
