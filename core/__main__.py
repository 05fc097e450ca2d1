"""`python -m core`: the command line over the engine. Exit 0 done, 1 differs, 2 wrong input, 3 cancelled, 4 defect."""

import os
import sys
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from core.commands import (
    against,
    analyses,
    capability,
    contamination,
    data,
    data_facts,
    diversity,
    groups,
    inspect,
    label,
    layout,
    neurons,
    pack,
    pilot,
    pools,
    push,
    redundancy,
    response_loss,
    saes,
    selection,
    selections,
    train_sae,
    trainer,
    training,
)
from core.commands.output import make_session
from core.errors import GamutError
from core.jobs.run import JobCancelled
from core.store.duck import unreadable

DONE, WRONG_INPUT, CANCELLED, DEFECT = 0, 2, 3, 4

app = typer.Typer(
    help="Choose instruction data by what it activates inside a model.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def main(
    context: typer.Context,
    workspace: Annotated[Path, typer.Option(help="the folder for everything that is made")] = Path("workspace"),
    json: Annotated[bool, typer.Option("--json", help="print results as JSON")] = False,
) -> None:
    """Options before the command."""
    context.obj = make_session(workspace, json)


data.app.command()(pools.pool)
data.app.command()(data_facts.stats)
data.app.command()(data_facts.flags)
data.app.command("decontaminate")(contamination.decontaminate_dataset)
app.add_typer(data.app, name="datasets")
app.add_typer(analyses.app, name="analyses")
app.add_typer(capability.app, name="capability")
analyses.app.command()(pack.pack)
analyses.app.command("open")(pack.open_packed)
app.command()(pilot.pilot)
app.command()(analyses.analyse)
app.command()(saes.saes)
app.command()(layout.layout)
app.add_typer(neurons.app, name="neurons")
app.add_typer(label.app, name="label")
app.command()(analyses.demo)
app.command()(inspect.inspect)
app.command(hidden=True)(inspect.inspector)
app.command()(against.against)
app.command()(diversity.diversity)
app.command("response-loss")(response_loss.response_loss)
app.command()(redundancy.redundancy)
app.command()(selection.rank)
app.command()(selection.select)
app.add_typer(selections.app, name="selections")
app.add_typer(groups.app, name="groups")
app.command()(selection.export)
app.command()(selection.verify)
app.command()(push.push)
app.command()(trainer.trainer)
app.command()(trainer.trainer_preview)
app.command("trained-tokens")(trainer.count_trained)
app.command("train-lm")(training.train_lm)
app.command("train-sae")(train_sae.train_sae)
app.command("train-bundled-sae")(training.train_bundled_sae)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; what is the user's to mend is one plain line, never a traceback."""
    try:
        return app(arguments, standalone_mode=False) or DONE
    except GamutError as error:
        print(error, file=sys.stderr)
        return WRONG_INPUT
    except typer.TyperException as error:  # a misspelt command or option: the sentence alone, without a usage page
        print(f"{error.format_message().rstrip('.')}. See python -m core --help.", file=sys.stderr)
        return WRONG_INPUT
    except duckdb.Error as error:
        print(unreadable(error), file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:
        print(
            f"The system refused: {error}. Check the path, the free space and the rights of the folder.",
            file=sys.stderr,
        )
        return WRONG_INPUT
    except (JobCancelled, KeyboardInterrupt):
        print("Cancelled; run the same command again to go on from here.", file=sys.stderr)
        return CANCELLED
    except Exception as error:
        if os.environ.get("GAMUT_TRACEBACK"):
            raise
        print(f"A defect of the program: {error!r}. GAMUT_TRACEBACK=1 shows where; please report it.", file=sys.stderr)
        return DEFECT


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    sys.exit(run(sys.argv[1:]))
