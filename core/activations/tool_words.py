"""Tools and their calls in the words of LLaMA-Factory: how each kind of its templates tells a model what it may call.

Source: LLaMA-Factory 0.9.5, `data/tool_utils.py` and `FunctionFormatter`, `ToolFormatter` of `data/formatter.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from core.activations.template import TODAY

CALLED = re.compile("<tool_call>(.*?)</tool_call>", re.DOTALL)
THOUGHT = re.compile("<think>\n(.*?)\n</think>\n\n", re.DOTALL)
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)  # what LLaMA-Factory itself stops with

PLAIN_TOOLS = (
    "You have access to the following tools:\n{tools}"
    "Use the following format if using a tool:\n"
    "```\n"
    "Action: tool name (one of [{names}])\n"
    "Action Input: the input to the tool, in a JSON format representing the kwargs "
    """(e.g. ```{{"input": "hello world", "num_beams": 5}}```)\n"""
    "```\n"
)
LLAMA3_TOOLS = (
    "Cutting Knowledge Date: December 2023\nToday Date: {date}\n\n"
    "You have access to the following functions. To call a function, please respond with JSON for a function call. "
    """Respond in the format {{"name": function name, "parameters": dictionary of argument name and its value}}. """
    "Do not use variables.\n\n{tools}"
)
QWEN_TOOLS = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>{tools}"
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    """<tool_call></tool_call> XML tags:\n<tool_call>\n{{"name": <function-name>, """
    """"arguments": <args-json-object>}}\n</tool_call>"""
)


class ToolWords(NamedTuple):
    """How a template writes the list of tools, and a list of calls, each a name and its arguments."""

    tools: Callable[[list[dict[str, Any]]], str]
    calls: Callable[[list[tuple[str, Any]]], str]


def _plain_tools(tools: list[dict[str, Any]]) -> str:
    functions = [tool.get("function", "") if tool.get("type") == "function" else tool for tool in tools]
    told = "".join(
        f"> Tool Name: {tool['name']}\nTool Description: {tool.get('description', '')}\nTool Args:\n{_arguments(tool)}\n"
        for tool in functions
    )
    return PLAIN_TOOLS.format(tools=told, names=", ".join(tool["name"] for tool in functions))


def _arguments(tool: dict[str, Any]) -> str:
    """A line for each parameter of a tool."""
    needed, lines = tool["parameters"].get("required", []), []
    for name, about in tool["parameters"]["properties"].items():
        required = ", required" if name in needed else ""
        one_of = f", should be one of [{', '.join(about['enum'])}]" if about.get("enum") else ""
        each = f", where each item should be {about['items'].get('type', '')}" if about.get("items") else ""
        lines.append(f"  - {name} ({about.get('type', '')}{required}): {about.get('description', '')}{one_of}{each}\n")
    return "".join(lines)


def _wrapped(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [tool if tool.get("type") == "function" else {"type": "function", "function": tool} for tool in tools]


def _llama3_tools(tools: list[dict[str, Any]]) -> str:
    told = "".join(json.dumps(tool, indent=4, ensure_ascii=False) + "\n\n" for tool in _wrapped(tools))
    return LLAMA3_TOOLS.format(date=TODAY.strftime("%d %b %Y"), tools=told)


def _llama3_calls(calls: list[tuple[str, Any]]) -> str:
    said = [{"name": name, "parameters": arguments} for name, arguments in calls]
    return _json(said[0] if len(said) == 1 else said)


def _qwen_tools(tools: list[dict[str, Any]]) -> str:
    return QWEN_TOOLS.format(tools="".join(f"\n{_json(tool)}" for tool in _wrapped(tools)))


def _named(calls: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "arguments": arguments} for name, arguments in calls]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


PLAIN, LLAMA3, MISTRAL, QWEN = "default", "llama3", "mistral", "qwen"
TOOL_WORDS = {
    PLAIN: ToolWords(
        _plain_tools,
        lambda calls: "\n".join(f"Action: {name}\nAction Input: {_json(given)}" for name, given in calls),
    ),
    LLAMA3: ToolWords(_llama3_tools, _llama3_calls),
    MISTRAL: ToolWords(
        lambda tools: f"[AVAILABLE_TOOLS] {_json(_wrapped(tools))}[/AVAILABLE_TOOLS]",
        lambda calls: _json(_named(calls)),
    ),
    QWEN: ToolWords(
        _qwen_tools,
        lambda calls: "\n".join(f"<tool_call>\n{_json(call)}\n</tool_call>" for call in _named(calls)),
    ),
}


def tools_in_words(tools: str, kind: str) -> str:
    """A JSON list of tools as a template of this kind tells it; raises one of `UNREADABLE` for what is none."""
    listed = json.loads(tools)
    return TOOL_WORDS[kind].tools(listed) if len(listed) else ""


def calls_in_words(text: str, kind: str, *, thoughts: bool) -> str:
    """Tool calls, JSON of a name and its arguments, as a template of this kind writes them; raises one of `UNREADABLE`.

    `thoughts`: whether what stands round the calls, or is thought before them, is told from them and stays in front.
    """
    words = TOOL_WORDS[kind].calls
    called = CALLED.search(text) if thoughts else None
    if called:
        return text.replace(called.group(0), "") + words(_read(called.group(1)))
    thought = THOUGHT.search(text) if thoughts else None
    if thought:
        return thought.group(0) + words(_read(text.replace(thought.group(0), "")))
    return words(_read(text))


def _read(text: str) -> list[tuple[str, Any]]:
    calls = json.loads(text)
    return [(call["name"], call["arguments"]) for call in (calls if isinstance(calls, list) else [calls])]
