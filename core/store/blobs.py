"""Rows of numbers as bytes: a float list takes DuckDB twice the room and many times the time."""

import numpy as np
import pyarrow as pa


def to_blobs(rows: np.ndarray) -> pa.BinaryArray:
    """One value of bytes for each row of a matrix (n, width), little-endian."""
    little = np.ascontiguousarray(rows, dtype=rows.dtype.newbyteorder("<"))
    size = little.shape[1] * little.itemsize
    return slices_to_blobs(little.reshape(-1).view(np.uint8), np.arange(len(little) + 1, dtype=np.int64) * size)


def slices_to_blobs(values: np.ndarray, pointer: np.ndarray) -> pa.BinaryArray:
    """The bytes `values[pointer[i]:pointer[i + 1]]` as one value each; `values` uint8, `pointer` int (n + 1)."""
    assert pointer[-1] < 2**31, f"{pointer[-1]} bytes are too many for one column of a part"
    offsets = pa.py_buffer(np.ascontiguousarray(pointer, dtype=np.int32))
    return pa.Array.from_buffers(pa.binary(), len(pointer) - 1, [None, offsets, pa.py_buffer(values)])


def from_blobs(column: pa.ChunkedArray | pa.Array, dtype: str) -> np.ndarray:
    """The matrix (n, width) that `to_blobs` made values of; all have the same length."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    pieces = [_matrix(chunk, np.dtype(dtype).newbyteorder("<")) for chunk in chunks if len(chunk)]
    return np.concatenate(pieces) if pieces else np.empty((0, 0), dtype)


def _matrix(chunk: pa.Array, dtype: np.dtype) -> np.ndarray:
    _, offsets, values = chunk.buffers()
    ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    flat = np.frombuffer(values or b"", np.uint8)[ends[0] : ends[-1]] if ends[-1] else np.empty(0, np.uint8)
    return flat.view(dtype).reshape(len(chunk), -1)
