"""A data set with every kind of fact and column, made by the import and completed by hand."""

from core.store.datasets import DATABASE, Dataset
from core.store.import_dataset import import_dataset
from core.workspace import Workspace
from tests.made import write_jsonl

HOSTILE = "a\"b'; DROP TABLE samples; --"
ENGLISH = "The lighthouse stands on a rock far outside the harbour and shines every night for the ships."
GERMAN = "Der Leuchtturm steht auf einem Felsen weit draußen vor dem Hafen und leuchtet jede Nacht."
ROWS = [
    # question, answer, topic, score, hostile column
    (ENGLISH, "It does so by 3 lamps.", "sea", 0.5, "x"),
    (GERMAN, "Er tut es mit drei Lampen.", "sea", 1.0, "y"),
    ("4 + 4?", "8", "sums", None, "100%_\\"),
    ("4 + 4?", "8", "sums", 2.0, None),
    ("Will you?", "I'm sorry, but I can't assist with that.", "sea", 1.5, "'"),
    ("ÄPFEL und Birnen?", "", None, -1.0, "x"),
    ("4 + 4?", "8", "sums", 2.0, "x"),
    (ENGLISH, "<|im_start|>As an AI language model, I do not know.", "odd 'value'", 3.0, "x"),
]


def facts_workspace(workspace: Workspace, folder) -> Dataset:
    """Data set `facts` of `ROWS`, with the columns topic (category), score and one of hostile name."""
    records = [{"instruction": question, "response": answer} for question, answer, *_ in ROWS]
    import_dataset(workspace, write_jsonl(folder / "facts.jsonl", records), name="facts")
    add_columns(workspace)
    return Dataset(workspace, "facts")


def add_columns(workspace: Workspace) -> None:
    import duckdb

    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    with duckdb.connect(str(workspace.datasets / "facts" / DATABASE)) as connection:
        connection.execute("DROP TABLE metadata")
        connection.execute(f"CREATE TABLE metadata (sample_id INTEGER, topic VARCHAR, score DOUBLE, {quoted} VARCHAR)")
        for number, (_, _, *values) in enumerate(ROWS):
            connection.execute("INSERT INTO metadata VALUES (?, ?, ?, ?)", [number, *values])
        connection.execute("DELETE FROM columns")
        for place, row in enumerate(
            [
                ("topic", "text", "category", 3, 1),
                ("score", "number", "score", 6, 1),
                (HOSTILE, "text", "category", 4, 1),
            ]
        ):
            connection.execute("INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)", [*row, place])
