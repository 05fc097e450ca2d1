"""Cross-entropy straight from the last hidden states, in chunks that stay in the processor's cache."""

from typing import Any

import torch

CHUNK = 256  # tokens; times 8,192 entries in fp32 this is 8 MB


class _ChunkedLoss(torch.autograd.Function):
    """Logits and their gradient for one chunk at a time: moving them whole took a third of a step."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        rows, columns = hidden.to(dtype), weight.to(dtype)
        grad_hidden, grad_weight = torch.empty_like(rows), torch.zeros_like(weight)
        total = torch.zeros((), dtype=torch.float32)
        for first in range(0, len(rows), CHUNK):
            part, wanted = rows[first : first + CHUNK], targets[first : first + CHUNK, None]
            shares = torch.softmax((part @ columns.T).float(), dim=-1)
            right = shares.gather(1, wanted)
            total -= right.clamp_min(1e-37).log().sum()
            shares.scatter_(1, wanted, right - 1)
            grad = shares.to(dtype)
            torch.mm(grad, columns, out=grad_hidden[first : first + CHUNK])
            grad_weight += grad.T @ part
        ctx.save_for_backward(grad_hidden, grad_weight)
        return total / len(rows)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple:
        grad_hidden, grad_weight = ctx.saved_tensors
        scale = grad / len(grad_hidden)
        return grad_hidden.float() * scale, grad_weight * scale, None, None


def next_token_loss(*, hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor, bf16: bool) -> torch.Tensor:
    """Mean cross-entropy (nats per token) of `hidden` (tokens, width) against `targets` (tokens,) int64.

    `weight` (vocabulary, width) is the output embedding; with `bf16` the matrix products run in bfloat16.
    """
    return _ChunkedLoss.apply(hidden, weight, targets, torch.bfloat16 if bf16 else hidden.dtype)
