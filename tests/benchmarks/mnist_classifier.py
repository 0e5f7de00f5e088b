"""A judge of generated digits, trained on real ones: which classes are found, and how sure it is of them.

Run as a program to see how good a judge it is. Needs MNIST (see GANSCOPE_DATA); nothing is kept between runs.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from gancore.game.data.archive import MNIST, load


def classifier(images: np.ndarray | None = None, labels: np.ndarray | None = None) -> MLPClassifier:
    """A perceptron 784-256-10, trained on MNIST's 60,000 digits or on those given: (n, 784) in [0, 1], (n,) 0 to 9.

    It has `predict` and `predict_proba` for pictures (n, 784) in [0, 1]. The same digits give the same classifier.
    """
    if images is None:
        images, labels = digits("train")
    # eight rounds: 97.8 % right and 97.8 % sure of it; more rounds make it surer faster than they make it right
    model = MLPClassifier((256,), batch_size=200, max_iter=8, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping after eight rounds is meant
        return model.fit(images, labels)


def digits(part: str) -> tuple[np.ndarray, np.ndarray]:
    """MNIST's "train" or "t10k" digits (n, 784) float32 in [0, 1], labels (n,) uint8."""
    pictures, labels = load(*MNIST.find(part))
    return pictures.reshape(len(pictures), -1).astype(np.float32) / 255, labels


def calibration_error(sure: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Guo et al. 2017: mean distance of confidence and accuracy over equal bins of confidence, weighted by size."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=sure - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))


def main() -> None:
    started = time.perf_counter()
    model = classifier()
    took = time.perf_counter() - started
    images, labels = digits("t10k")
    chances = model.predict_proba(images)
    right, sure = chances.argmax(1) == labels, chances.max(1)
    noise = model.predict_proba(np.random.default_rng(0).random((1000, 784), np.float32)).max(1)
    print(f"trained in {took:.1f} s")
    print(f"test accuracy {right.mean():.2%}, mean confidence {sure.mean():.2%}")
    print(f"expected calibration error {calibration_error(sure, right):.2%}")
    print(f"mean confidence where right {sure[right].mean():.2%}, where wrong {sure[~right].mean():.2%}")
    print(f"mean confidence on uniform noise {noise.mean():.2%}")


if __name__ == "__main__":
    main()
