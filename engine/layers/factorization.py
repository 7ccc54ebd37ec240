"""Factorization of a table of ratings into vectors of users and of items."""

from typing import Annotated

import numpy as np

from engine.builder import Builder, Role
from engine.hyper import hyper
from engine.initializers import Initializer, Normal, Shape, Zeros
from engine.kernels import factorization as kernels
from engine.layers.base import Layer
from engine.machine.memory import Tensor


class Factorization(Layer, tag="factorization"):
    """Numbers of a user u and an item i (N, 2) become mean + b_u + c_i + p_u·q_i (N, 1)
    (Koren, Bell & Volinsky 2009).

    Number 0 stands for users and items that training never saw: its bias and vector stay 0.
    """

    units: Annotated[int, hyper("length of a vector; 0: biases only", ge=0, le=4096, log=True)] = 8
    initializer: Annotated[Initializer, hyper("initializer of the vectors")] = Normal(std=0.1)

    def plan(self, net: Builder, x: Tensor) -> Tensor:
        known = net.vocabulary_of(x)
        if x.shape[1:] != (2,) or len(known) != 2 or not all(known):
            raise ValueError(
                "needs the numbers of a user and an item; expected data of ratings, and no layer before"
            )
        users, items = known
        begin = ButUnknown(self.initializer)
        y = net.tensor("output", (x.shape[0], 1))
        net.op(
            kernels.factorization_forward, kernels.factorization_backward,
            ids=x,
            mean=net.parameter("mean", (1,), Zeros(), Role.BIAS),
            of_users=net.parameter("user_bias", (users,), Zeros(), Role.EMBEDDING),
            of_items=net.parameter("item_bias", (items,), Zeros(), Role.EMBEDDING),
            users=net.parameter("users", (users, self.units), begin, Role.EMBEDDING),
            items=net.parameter("items", (items, self.units), begin, Role.EMBEDDING),
            y=y,
        )  # fmt: skip
        return y


class ButUnknown(Initializer):
    """As another initializer, but 0 in the first row."""

    other: Initializer

    def draw(self, rng: np.random.Generator, shape: Shape) -> np.ndarray:
        values = self.other.draw(rng, shape)
        values[0] = 0
        return values
