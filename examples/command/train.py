#!/usr/bin/env python3
"""Fits a line by gradient descent, and knows nothing of opah:

    python3 train.py --lr 0.1 --method momentum --momentum 0.9

After every tenth step it prints the loss, which is its learning curve.
"""

import argparse
import random


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--method", choices=["plain", "momentum"], required=True)
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()

    numbers = random.Random(1)
    points = [(x / 20, 3 * x / 20 - 1 + numbers.gauss(0, 0.1)) for x in range(20)]
    slope = offset = slope_speed = offset_speed = 0.0
    for step in range(1, options.steps + 1):
        errors = [(slope * x + offset - y, x) for x, y in points]
        slope_speed = options.momentum * slope_speed + sum(e * x for e, x in errors) / 10
        offset_speed = options.momentum * offset_speed + sum(e for e, _ in errors) / 10
        slope -= options.lr * slope_speed
        offset -= options.lr * offset_speed
        if step % 10 == 0:
            loss = sum((slope * x + offset - y) ** 2 for x, y in points) / len(points)
            print(f"step {step} loss {loss}", flush=True)


if __name__ == "__main__":
    main()
