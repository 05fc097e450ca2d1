"""The tables of an analysis: what a part of the pass delivers, what the finished file holds, and by which keys."""

import pyarrow as pa

FORMAT_VERSION = 2
DATABASE = "activations.duckdb"

# What a part holds. The tables of one sample (or of one sample and layer) come to rest as they are; `histograms`,
# `examples` and `layer_sums` tell of many samples and are folded: added up, or ranked again.
SCHEMAS = {
    "samples": pa.schema(
        [("sample_id", pa.int32()), ("tokens", pa.int32()), ("scored_tokens", pa.int32()), ("prompt_tokens", pa.int32()),
         ("response_tokens", pa.int32()), ("conversation_tokens", pa.int32()), ("truncated_tokens", pa.int32()),
         ("richness", pa.int32()), ("massive_tokens", pa.int32())]
    ),
    "activations": pa.schema(
        [("sample_id", pa.int32()), ("feature_id", pa.int32()), ("side", pa.uint8()), ("max", pa.float32()),
         ("sum", pa.float32()), ("count", pa.int32()), ("position", pa.int32())]
    ),
    "tokens": pa.schema(
        [("sample_id", pa.int32()), ("token_ids", pa.list_(pa.int32())), ("roles", pa.list_(pa.uint8()))]
    ),
    "histograms": pa.schema(
        [("feature_id", pa.int32()), ("strength", pa.list_(pa.int64())), ("position", pa.list_(pa.int64())),
         ("role", pa.list_(pa.int64()))]
    ),
    "examples": pa.schema(
        [("feature_id", pa.int32()), ("band", pa.uint8()), ("sample_id", pa.int32()), ("position", pa.int32()),
         ("strength", pa.float32()), ("start", pa.int32()), ("activations", pa.binary())]
    ),
    "layer_sums": pa.schema(
        [("group_id", pa.int32()), ("layer", pa.int16()), ("site", pa.uint8()), ("tokens", pa.int64()), ("sums", pa.binary())]
    ),
    "neurons": pa.schema(
        [("layer", pa.int16()), ("sample_id", pa.int32()), ("neuron_ids", pa.binary()), ("means", pa.binary())]
    ),
    "vectors": pa.schema([("layer", pa.int16()), ("sample_id", pa.int32()), ("mean", pa.binary()), ("last", pa.binary())]),
    "projection": pa.schema([("sample_id", pa.int32()), ("vector", pa.binary())]),
}  # fmt: skip
DECODER = pa.schema(
    [("feature_id", pa.int32()), ("norm", pa.float32()), ("promoted", pa.list_(pa.int32())),
     ("promoted_logits", pa.list_(pa.float32())), ("suppressed", pa.list_(pa.int32())),
     ("suppressed_logits", pa.list_(pa.float32())), ("nearest", pa.list_(pa.int32())), ("cosines", pa.list_(pa.float32()))]
)  # fmt: skip

# Every table of a finished analysis whose rows are told, with its key: what the content hash covers. An analysis
# holds those of its format version and settings; `core.store.contents` says which may be absent, and why.
KEYS = {
    "samples": ("sample_id",),
    "activations": ("sample_id", "feature_id", "side"),
    "features": ("feature_id",),
    "tokens": ("sample_id",),
    "vocabulary": ("token_id",),
    "histograms": ("feature_id",),
    "decoder": ("feature_id",),
    "examples": ("feature_id", "band", "rank"),
    "contrast": ("feature_id", "rank"),
    "groups": ("group_id",),
    "layer_sums": ("group_id", "layer", "site"),
    "neurons": ("layer", "sample_id"),
    "vectors": ("layer", "sample_id"),
    "projection": ("sample_id",),
}
LAYERED = ("neurons", "vectors")  # a row a sample and layer: parts keep the layers apart, so that each is read alone
MLP, RESIDUAL = 0, 1  # the site of a layer sum


def held_keys(connection) -> dict[str, tuple[str, ...]]:
    """The keys of the tables that a database holds."""
    query = "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()"
    held = {name for (name,) in connection.execute(query).fetchall()}
    return {table: key for table, key in KEYS.items() if table in held}
