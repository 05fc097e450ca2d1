"""`datasets stats` and `datasets flags`, as functions of a command line of their own."""

import json

import pytest
import typer

from core.commands import data_facts
from core.commands.output import make_session
from core.errors import GamutError
from core.workspace import Workspace
from tests.store.facts_made import facts_workspace


@pytest.fixture
def call(workspace: Workspace, tmp_path, capsys):
    facts_workspace(workspace, tmp_path)

    def called(*words: str, as_json: bool = False) -> str:
        app = typer.Typer()

        @app.callback()
        def main(context: typer.Context) -> None:
            context.obj = make_session(workspace.root, as_json)

        app.command()(data_facts.stats)
        app.command()(data_facts.flags)
        app(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return called


def test_stats_say_what_the_data_set_holds(call):
    said = call("stats", "facts")
    assert "2 of 1 conversations" in said and "sea 3, sums 3" in said and "score" in said
    assert json.loads(call("stats", "facts", as_json=True))["rows"] == 8


def test_flags_come_with_their_rules_or_their_samples(call):
    assert "“As an AI language model" in call("flags", "facts")
    assert json.loads(call("flags", "facts", as_json=True))["refusal"] == 1
    assert call("flags", "facts", "--flag", "template_tokens") == "7\n"
    assert call("flags", "facts", "--flag", "echo").startswith("No sample is flagged echo")
    with pytest.raises(GamutError, match="no flag 'ugly'"):
        call("flags", "facts", "--flag", "ugly")
