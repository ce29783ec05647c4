"""Models of scikit-learn's as candidates are made of them: unfitted, with their settings.

Each takes the number of features and a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from sklearn import ensemble, gaussian_process, linear_model, svm

from tasks.tables.estimators import Estimator

MANY = 30  # features: a length for each of them is searched for minutes, and found by chance
BOOSTING = {"learning_rate": 0.05, "max_leaf_nodes": 15, "l2_regularization": 5.0}


def gaussian(width: int, seed: int) -> Any:
    """Return a Gaussian process with a length for each feature, or one for many, and noise.

    Its kernel is Matérn's of 3/2: the answer bends less smoothly than with the usual one.
    """
    kernels = gaussian_process.kernels
    lengths = np.ones(width) if width < MANY else 1.0
    smooth = kernels.ConstantKernel() * kernels.Matern(lengths, nu=1.5)
    kernel = smooth + kernels.WhiteKernel(0.1)
    return gaussian_process.GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)


def support_vectors(width: int, seed: int) -> Any:
    """Return a support vector regression."""
    return svm.SVR(C=1.0, epsilon=0.05)


class Forest(BaseModel):
    """A forest of extremely randomized trees (Geurts et al. 2006).

    Larger leaves make a smaller graph, which answers sooner: a leaf for each row makes a gigabyte
    where there are many.

    Attributes
    ----------
    trees
        How many.
    leaf
        The fewest rows of a leaf.
    classes
        Whether a class is predicted, and no number.
    """

    model_config = ConfigDict(frozen=True)
    trees: int = 300
    leaf: int = 1
    classes: bool = True

    def __call__(self, width: int, seed: int) -> Any:
        """Return it, unfitted."""
        kind = ensemble.ExtraTreesClassifier if self.classes else ensemble.ExtraTreesRegressor
        return kind(self.trees, min_samples_leaf=self.leaf, random_state=seed, n_jobs=1)


def gradient_boosting(width: int, seed: int) -> Any:
    """Return 300 small trees, each of which corrects those before it."""
    return ensemble.HistGradientBoostingClassifier(max_iter=300, **BOOSTING, random_state=seed)


def gradient_boosting_regressor(width: int, seed: int) -> Any:
    """Return 300 small trees that predict a number, each of which corrects those before it."""
    return ensemble.HistGradientBoostingRegressor(max_iter=300, **BOOSTING, random_state=seed)


def logistic_regression(width: int, seed: int) -> Any:
    """Return a logistic regression."""
    return linear_model.LogisticRegression(max_iter=1000)


def small_steps(width: int, seed: int) -> Any:
    """Return 300 trees on half of the rows each, which suit a table of hundreds of rows."""
    return ensemble.GradientBoostingRegressor(
        n_estimators=300, learning_rate=0.05, max_depth=5, subsample=0.5, random_state=seed
    )


# Unlike each other, so that a blend of them gains where each alone is no better than a network.
OF_SMALL_TABLES: Mapping[str, Estimator] = {
    "gaussian": Estimator(gaussian, log_target=True),
    "support_vectors": Estimator(support_vectors, log_target=True),
    "forest": Estimator(Forest(trees=200, classes=False), log_target=True),
    "boosting": Estimator(small_steps, log_target=True),
}
