"""Compares opah's trainer with PyTorch on the same data, sizes and threads.

Started by trainer.sh. For each size, one after the other within a minute:

- opah: batches in the order of the file, as the chapter's configuration says;
- PyTorch as AllenNLP feeds it: the same batches, padded to their longest text, dense
  gradient of the embedding;
- PyTorch at its best: batches of texts of similar length, sparse gradient.

All do forward, backward and the step of plain SGD, with dropout 0.2. Each measurement is
a process of its own, so that its peak memory is its own. On a machine that does other
work, compare examples per second of processor time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPAH = ROOT / "target/release/examples/train_speed"
BATCH_SIZE = 64
PADDING_NOISE = 0.1
WARM_UP = {"padded": 2, "bucketed": 4}
GOALS = {
    # At least so many times the best PyTorch and the AllenNLP-like one.
    "32/2/32/32": (12, None),
    "128/4/128/128": (10, 40),
    "256/6/256/256": (6, None),
}


def read(file):
    import numpy

    numbers = numpy.fromfile(file, dtype="<u4").astype(numpy.int64)
    n = int(numbers[0])
    offsets, labels, tokens = numbers[1 : n + 2], numbers[n + 2 : 2 * n + 2], numbers[2 * n + 2 :]
    return [tokens[begin:end] for begin, end in zip(offsets, offsets[1:])], labels


def classifier(n_tokens, size, sparse):
    import torch
    from torch import nn

    embedding_dim, max_filter_size, n_filters, output_dim = size

    class Classifier(nn.Module):
        """AllenNLP's `basic_classifier` with its `cnn` encoder."""

        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(n_tokens, embedding_dim, sparse=sparse)
            nn.init.xavier_uniform_(self.embedding.weight)
            self.convolutions = nn.ModuleList(
                nn.Conv1d(embedding_dim, n_filters, width) for width in range(2, max_filter_size + 1)
            )
            self.projection = nn.Linear(n_filters * len(self.convolutions), output_dim)
            self.dropout = nn.Dropout(0.2)
            self.classifier = nn.Linear(output_dim, 2)

        def forward(self, tokens):
            mask = tokens != 0
            vectors = (self.embedding(tokens) * mask.unsqueeze(-1)).transpose(1, 2)
            lengths = mask.sum(1, keepdim=True)
            pooled = []
            for convolution in self.convolutions:
                values = torch.relu(convolution(vectors))
                n_windows = lengths - convolution.kernel_size[0] + 1
                outside = torch.arange(values.shape[2]).unsqueeze(0) >= n_windows
                # As AllenNLP: the least number where no window is, 0 if there is none at all.
                least = torch.finfo(values.dtype).min
                values = values.masked_fill(outside.unsqueeze(1), least)
                greatest = values.max(dim=2).values
                pooled.append(greatest.masked_fill(greatest == least, 0.0))
            return self.classifier(self.dropout(self.projection(torch.cat(pooled, dim=1))))

    return Classifier()


def batches(documents, order):
    import numpy

    indices = numpy.arange(len(documents))
    if order == "bucketed":
        generator = numpy.random.default_rng(0)
        lengths = numpy.array([len(document) for document in documents])
        noise = 1 + generator.uniform(-PADDING_NOISE, PADDING_NOISE, len(lengths))
        indices = numpy.argsort(lengths * noise, kind="stable")
    found = [indices[begin : begin + BATCH_SIZE] for begin in range(0, len(indices), BATCH_SIZE)]
    if order == "bucketed":
        generator.shuffle(found)
    return found


def train_with_pytorch(arguments):
    import torch

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    documents, labels = read(arguments.dump)
    n_tokens = max(int(document.max()) for document in documents) + 1
    size = [int(part) for part in arguments.size.split("/")]
    model = classifier(n_tokens, size, sparse=arguments.order == "bucketed")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_function = torch.nn.CrossEntropyLoss()
    all_batches = batches(documents, arguments.order)
    n_batches = n_examples = 0
    warm_up = WARM_UP[arguments.order]
    while True:
        batch = all_batches[n_batches % len(all_batches)]
        if n_batches == warm_up:
            start, processor, n_examples = time.time(), time.process_time(), 0
        length = max(len(documents[i]) for i in batch)
        tokens = torch.zeros(len(batch), length, dtype=torch.long)
        for row, i in enumerate(batch):
            tokens[row, : len(documents[i])] = torch.from_numpy(documents[i])
        optimizer.zero_grad()
        loss = loss_function(model(tokens), torch.from_numpy(labels[batch]))
        loss.backward()
        optimizer.step()
        n_batches += 1
        n_examples += len(batch)
        # At least 4 batches: one batch of long texts says little.
        if n_batches >= warm_up + 4 and time.time() - start >= arguments.seconds:
            break
    print(
        json.dumps(
            {
                "examples_per_second": n_examples / (time.time() - start),
                "examples_per_processor_second": n_examples / (time.process_time() - processor),
                "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "n_batches": n_batches - warm_up,
            }
        )
    )


def run(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def compare(arguments):
    data = Path(os.environ.get("OPAH_TEST_DATA", ROOT / "../shared/data")) / "imdb"
    common = ["--threads", str(arguments.threads)]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "tokens"
        subprocess.run([OPAH, "--data", data, "--dump", dump], check=True)
        for size in arguments.sizes:
            seconds = ["--size", size, "--seconds", str(arguments.seconds), *common]
            opah = run([OPAH, "--data", data, *seconds])
            worker = [sys.executable, __file__, "--dump", str(dump), *seconds]
            padded = run([*worker, "--order", "padded"])
            bucketed = run([*worker, "--order", "bucketed"])
            rows.append((size, opah, padded, bucketed))
            print(f"{size} measured", file=sys.stderr)
    for key, title in [
        ("examples_per_second", "examples per second"),
        ("examples_per_processor_second", "examples per second of processor time"),
    ]:
        print(f"\n{title}, {arguments.threads} threads, batches of {BATCH_SIZE}\n")
        print("| size | opah | PyTorch, padded | PyTorch, best | times padded | times best | goals |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
        for size, opah, padded, bucketed in rows:
            best, like_allennlp = GOALS.get(size, (None, None))
            goals = f"{best or '-'} times best, {like_allennlp or '-'} times padded"
            speeds = [opah[key], padded[key], bucketed[key]]
            ratios = [opah[key] / padded[key], opah[key] / bucketed[key]]
            cells = [f"{speed:,.0f}" for speed in speeds] + [f"{ratio:.1f}" for ratio in ratios]
            print("| " + " | ".join([size, *cells, goals]) + " |")
    print("\npeak memory, megabytes\n")
    print("| size | opah | PyTorch, padded | PyTorch, best |")
    print("| --- | ---: | ---: | ---: |")
    for size, *results in rows:
        cells = [f"{result['peak_megabytes']:,.0f}" for result in results]
        print("| " + " | ".join([size, *cells]) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=8.0, help="per measurement")
    parser.add_argument("--sizes", nargs="*", default=list(GOALS), help="as 128/4/128/128")
    parser.add_argument("--size", help=argparse.SUPPRESS)
    parser.add_argument("--dump", help=argparse.SUPPRESS)
    parser.add_argument("--order", choices=WARM_UP, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.order:
        train_with_pytorch(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
