"""Makes pytorch_trajectories.json: a small text classifier trained by PyTorch itself.

    python pytorch_trajectories.py > pytorch_trajectories.json

Made with PyTorch 2.15.0 on the CPU. The model is AllenNLP's `basic_classifier` with
`cnn`, a projection and no dropout; each run starts from the same weights, sees the same
batches and has another optimizer. Weights are in PyTorch's order.
"""

import json
import sys

import torch
from torch.nn import functional

N_TOKENS, DIM, N_FILTERS, WIDTHS, OUTPUT_DIM, N_LABELS = 40, 6, 5, [2, 3], 4, 2
N_DOCUMENTS, BATCH_SIZE, N_STEPS = 20, 4, 12


def initial_weights():
    generator = torch.Generator().manual_seed(7)

    def uniform(*shape, bound):
        return (torch.rand(*shape, generator=generator) * 2 - 1) * bound

    weights = {"_text_field_embedder.token_embedder_tokens.weight": uniform(N_TOKENS, DIM, bound=1.0)}
    for index, width in enumerate(WIDTHS):
        name = f"_seq2vec_encoder.conv_layer_{index}"
        weights[f"{name}.weight"] = uniform(N_FILTERS, DIM, width, bound=0.4)
        weights[f"{name}.bias"] = uniform(N_FILTERS, bound=0.4)
    n_columns = N_FILTERS * len(WIDTHS)
    weights["_seq2vec_encoder.projection_layer.weight"] = uniform(OUTPUT_DIM, n_columns, bound=0.4)
    weights["_seq2vec_encoder.projection_layer.bias"] = uniform(OUTPUT_DIM, bound=0.4)
    weights["_classification_layer.weight"] = uniform(N_LABELS, OUTPUT_DIM, bound=0.5)
    weights["_classification_layer.bias"] = uniform(N_LABELS, bound=0.5)
    return weights


def documents():
    generator = torch.Generator().manual_seed(8)
    lengths = torch.randint(1, 12, (N_DOCUMENTS,), generator=generator).tolist()
    lengths[1], lengths[6] = 1, 2  # shorter than the filters
    # Small numbers are frequent, as in a vocabulary; some tokens are never seen.
    tokens = [
        (1 + (torch.rand(length, generator=generator) ** 2 * (N_TOKENS - 5)).long()).tolist()
        for length in lengths
    ]
    labels = torch.randint(0, N_LABELS, (N_DOCUMENTS,), generator=generator).tolist()
    return tokens, labels


def loss(weights, tokens, labels, sparse):
    length = max(max(map(len, tokens)), max(WIDTHS))
    padded = torch.tensor([document + [0] * (length - len(document)) for document in tokens])
    mask = padded != 0
    table = weights["_text_field_embedder.token_embedder_tokens.weight"]
    vectors = functional.embedding(padded, table, sparse=sparse) * mask.unsqueeze(-1)
    pooled = []
    for index, width in enumerate(WIDTHS):
        name = f"_seq2vec_encoder.conv_layer_{index}"
        activations = functional.relu(
            functional.conv1d(vectors.transpose(1, 2), weights[f"{name}.weight"], weights[f"{name}.bias"])
        )
        n_windows = mask.sum(1, keepdim=True) - width + 1
        outside = torch.arange(activations.shape[2]) >= n_windows
        activations = activations.masked_fill(outside.unsqueeze(1), -1.0)
        pooled.append(activations.max(dim=2).values.clamp(min=0.0))
    projected = functional.linear(
        torch.cat(pooled, 1),
        weights["_seq2vec_encoder.projection_layer.weight"],
        weights["_seq2vec_encoder.projection_layer.bias"],
    )
    logits = functional.linear(
        projected, weights["_classification_layer.weight"], weights["_classification_layer.bias"]
    )
    return functional.cross_entropy(logits, torch.tensor(labels))


def run(make_optimizer, tokens, labels, batches, sparse=False, grad_norm=None, grad_clipping=None):
    weights = {name: weight.clone().requires_grad_() for name, weight in initial_weights().items()}
    optimizer = make_optimizer(weights.values())
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        value = loss(weights, [tokens[i] for i in batch], [labels[i] for i in batch], sparse)
        value.backward()
        if grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(weights.values(), grad_norm)
        if grad_clipping is not None:
            torch.nn.utils.clip_grad_value_(weights.values(), grad_clipping)
        if sparse:
            # SparseAdam takes sparse gradients only: give it all rows of the others.
            for weight in weights.values():
                if not weight.grad.is_sparse:
                    rows = torch.arange(len(weight)).unsqueeze(0)
                    weight.grad = torch.sparse_coo_tensor(rows, weight.grad, weight.shape)
        optimizer.step()
        losses.append(value.item())
    return {"losses": losses, "weights": flat(weights)}


def flat(weights):
    return {
        name: {"shape": list(weight.shape), "data": [float(f"{x:.9g}") for x in weight.flatten().tolist()]}
        for name, weight in weights.items()
    }


def main():
    torch.set_num_threads(1)
    tokens, labels = documents()
    batches = [
        [(step * BATCH_SIZE + i) % N_DOCUMENTS for i in range(BATCH_SIZE)] for step in range(N_STEPS)
    ]
    optim = torch.optim
    runs = {
        "sgd": (lambda p: optim.SGD(p, lr=0.5), {}),
        "sgd_momentum": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3), {}),
        "sgd_nesterov_decay": (
            lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
            {},
        ),
        "sgd_decay": (lambda p: optim.SGD(p, lr=0.3, weight_decay=0.05), {}),
        "sgd_bounded": (lambda p: optim.SGD(p, lr=0.5), {"grad_norm": 0.3, "grad_clipping": 0.05}),
        "adam": (lambda p: optim.Adam(p, lr=0.03), {}),
        "adam_decay": (lambda p: optim.Adam(p, lr=0.03, betas=(0.8, 0.95), weight_decay=0.1), {}),
        "adam_amsgrad": (lambda p: optim.Adam(p, lr=0.03, betas=(0.9, 0.9), amsgrad=True), {}),
        "adamw": (lambda p: optim.AdamW(p, lr=0.03, weight_decay=0.2), {}),
        "dense_sparse_adam": (lambda p: optim.SparseAdam(p, lr=0.03), {"sparse": True}),
    }
    result = {
        "source": f"PyTorch {torch.__version__}, pytorch_trajectories.py",
        "tokens": tokens,
        "labels": labels,
        "batches": batches,
        "weights": flat(initial_weights()),
        "runs": {
            name: run(make, tokens, labels, batches, **options) for name, (make, options) in runs.items()
        },
    }
    json.dump(result, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
