"""Generated text: one position at a time gives what the whole window gives, and the next token is chosen as asked."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from engine.data import prepare
from engine.errors import InputError, TrainingError
from engine.evaluate import Evaluator
from engine.experiment import experiment_from
from engine.generate import Generator, Sampling
from engine.network import initialize, trace
from engine.plan import io_spec

CONTEXT = 12
EMBEDDING = {"layer": "embedding", "units": 8, "initializer": {"name": "normal", "std": 1.0}}
UNEMBED = {"layer": "unembed"}
WIDE = {"layer": "transformer", "heads": 2, "std": 0.4}
MODELS = {
    "learned positions": [{"layer": "position", "initializer": {"name": "normal", "std": 1.0}}, WIDE],
    "sinusoidal positions": [{"layer": "position", "kind": "sinusoidal"}, WIDE | {"blocks": 2}],
    "rotary": [WIDE | {"rotary": True}],
    "grouped, normalized": [WIDE | {"heads": 4, "kv_heads": 2, "qk_norm": True, "rotary": True}],
    "swiglu and rms norm": [WIDE | {"mlp": "swiglu", "norm": "rms"}, {"layer": "rms_norm"}],
    "squared relu, biases, dropout": [WIDE | {"mlp": "relu_squared", "bias": True, "dropout": 0.5}],
    "attention within a residual": [
        {"layer": "residual", "layers": [{"layer": "layer_norm"}, {"layer": "attention", "heads": 2}]},
        {"layer": "dropout", "rate": 0.5},
        {"layer": "dense", "units": 8, "over": "position", "activation": "tanh"},
    ],
}  # fmt: skip
RECURRENT = [
    {"layer": "lstm", "units": 8, "layers": 2, "dropout": 0.5},
    {"layer": "gru", "units": 8},
    {"layer": "rnn", "units": 8},
]
MODELS["recurrent"] = RECURRENT
OF_ALL_POSITIONS = MODELS["learned positions"]


class Author:
    """A generator of text and an evaluator with the same parameters, as they begin."""

    def __init__(
        self, data: dict, model: list[dict], precision: str = "float32", context: int = CONTEXT
    ) -> None:
        tree = {
            "data": data if data["source"] == "addition" else {"context": context} | data,
            "model": model,
            "loss": {"name": "cross_entropy"},
            "training": {"steps": 1, "precision": precision},
        }
        experiment = experiment_from(tree)
        self.dataset = prepare(experiment.data, 1, precision)
        ends = io_spec(experiment, self.dataset)
        network = trace(experiment.model, ends, precision)
        self.evaluator = Evaluator(experiment, network, ends)
        self.evaluator.compile()
        initialize(self.evaluator.memory, network, 5)
        parameters = {p: self.evaluator.memory[p].copy() for p in network.shapes}
        self.generator = Generator(experiment, network, ends, self.dataset.pipeline)
        self.generator.load(parameters)
        self.positions_read = 0
        run = self.generator._run

        def counted() -> None:
            self.positions_read += 1
            run()

        self.generator._run = counted  # type: ignore[method-assign]

    def write(self, prompt: str = "", length: int = 30, seed: int = 1, **sampling: float) -> str:
        return "".join(self.generator.write(prompt, length, Sampling(**sampling), seed))  # type: ignore[arg-type]

    def scores(self, tokens: list[int]) -> np.ndarray:
        """The scores (T, V) after each of the tokens, from the network over the whole window."""
        x = np.zeros((1, *self.dataset.input_shape))
        x[0, : len(tokens)] = tokens
        return self.evaluator.outputs(x)[0, : len(tokens)]


@pytest.fixture(scope="module")
def running() -> Author:
    return Author({"source": "pydoc", "measured": 100}, [EMBEDDING, *OF_ALL_POSITIONS, UNEMBED])


@pytest.mark.parametrize("name", MODELS)
def test_one_position_at_a_time_gives_the_scores_of_the_whole_window(name):
    author = Author({"source": "names"}, [EMBEDDING, *MODELS[name], UNEMBED], "float64")
    tokens = np.random.default_rng(3).integers(0, 27, CONTEXT).tolist()
    whole = author.scores(tokens)
    author.generator._restart()
    for t in range(CONTEXT):
        one = author.generator._read(tokens[: t + 1], 1)
        np.testing.assert_allclose(one, whole[t], rtol=1e-10, atol=1e-12)


def test_a_network_that_sees_what_follows_cannot_write():
    model = [EMBEDDING, WIDE | {"causal": False}, UNEMBED]
    with pytest.raises(InputError, match=r"model.1 \(transformer\): cannot see one position at a time"):
        Author({"source": "names"}, model)


def test_keys_and_values_are_kept_so_that_a_token_costs_one_position(running):
    running.positions_read = 0
    running.write("abc", length=8)
    assert running.positions_read == 3 + 7  # the prompt, and each token but the last


def test_beyond_the_context_it_goes_on_from_the_newest_half(running):
    running.positions_read = 0
    text = running.write("a", length=40, temperature=0)
    assert len(text) == 40
    assert running.positions_read < 2.2 * 40
    tokens = running.generator.vocabulary.encode("a" + text).tolist()
    said = running.generator.vocabulary.encode(text).tolist()
    assert said[:CONTEXT] == [running.scores(tokens[:t])[-1].argmax() for t in range(1, CONTEXT + 1)]
    half = CONTEXT // 2  # the token after a full context follows from the half that was kept
    assert said[CONTEXT] == running.scores(tokens[CONTEXT + 1 - half : CONTEXT + 1])[-1].argmax()


def test_a_recurrent_network_goes_on_for_ever_and_reads_no_token_twice():
    short, long = (
        Author({"source": "pydoc", "measured": 200}, [EMBEDDING, *RECURRENT, UNEMBED], context=context)
        for context in (CONTEXT, 100)
    )
    text = short.write("for ", length=80, temperature=0)
    assert short.positions_read == 4 + 79
    said = short.generator.vocabulary.encode(text).tolist()
    read = short.generator.vocabulary.encode("for " + text).tolist()
    assert said == long.scores(read)[3:-1].argmax(axis=1).tolist()


def test_a_line_begins_anew():
    author = Author({"source": "names"}, [EMBEDDING, *RECURRENT, UNEMBED])
    generator, end = author.generator, author.generator.vocabulary.end
    first = generator._read([end], 1).copy()
    reads: list[tuple[list[int], np.ndarray]] = []
    read = generator._read

    def kept(tokens: list[int], new: int) -> np.ndarray:
        scores = read(tokens, new)
        reads.append((list(tokens), scores.copy()))
        return scores

    generator._read = kept  # type: ignore[method-assign]
    assert author.write(length=200).count("\n") > 2
    for tokens, scores in reads:
        if tokens[-1] == end:
            assert tokens == [end]
            np.testing.assert_array_equal(scores, first)


def test_a_prompt_longer_than_the_context_is_read_from_its_end(running):
    long = "Every object has an identity, a type and a value."
    end = long[-(CONTEXT // 2) :]
    assert running.write(long, length=3, temperature=0) == running.write(end, length=3, temperature=0)


def test_the_same_seed_writes_the_same_text_and_another_seed_another(running):
    first = running.write("The", seed=4)
    assert running.write("The", seed=5) != first
    assert running.write("The", seed=4) == first
    assert len(first) == 30


def test_at_temperature_zero_and_with_one_candidate_the_likeliest_token_comes(running):
    likeliest = running.write("def ", temperature=0)
    assert running.write("def ", temperature=0, seed=9) == likeliest
    assert running.write("def ", top_k=1, seed=2) == likeliest
    assert running.write("def ", top_p=1e-9, seed=3) == likeliest


def test_a_character_that_the_network_never_saw_is_named(running):
    with pytest.raises(InputError, match="the prompt has characters that the model never saw: '¿' '李'"):
        running.write("¿a李")


def test_names_begin_after_a_line_end_and_may_go_on_from_a_beginning():
    author = Author({"source": "names"}, [EMBEDDING, *OF_ALL_POSITIONS, UNEMBED])
    author.write("", length=1)
    assert author.positions_read == 1  # the line end in front of a name
    author.write("an", length=1)
    assert author.positions_read == 1 + 3


def test_an_answer_ends_with_its_line():
    author = Author({"source": "addition"}, [EMBEDDING, *OF_ALL_POSITIONS, UNEMBED])
    script = Script(author.generator.vocabulary.encode("64\n99").tolist())
    assert "".join(author.generator.write("12+34=", 50, script)) == "64\n"


def test_a_network_of_one_prediction_a_row_sees_its_window_filled_up_with_line_ends():
    model = [EMBEDDING, {"layer": "flatten"}, {"layer": "dense"}]
    author = Author({"source": "names", "predict": "last"}, model, context=3)
    text = author.write("ab", length=5, temperature=0)
    tokens = [0, 0, *author.generator.vocabulary.encode("ab" + text).tolist()]
    for t in range(5):
        row = np.array([[*([0] * 3), *tokens[2 : t + 4]][-3:]])
        assert tokens[t + 4] == author.evaluator.outputs(row)[0].argmax()


def test_bytes_become_characters_as_soon_as_they_are_whole():
    author = Author({"source": "pydoc", "tokens": "byte"}, [EMBEDDING, UNEMBED])
    pieces = list(author.generator.write("€", 7, Script(b"a\xe2\x82\xac\xffb\xe2")))
    assert pieces == ["a", "", "", "€", "\ufffd", "b", "", "\ufffd"]
    assert author.positions_read == 3 + 6


def test_a_network_that_was_not_trained_on_text_does_not_write():
    tree = {
        "data": {"source": "moons"},
        "model": [{"layer": "dense"}],
        "loss": {"name": "cross_entropy"},
        "training": {"steps": 1},
    }
    experiment = experiment_from(tree)
    dataset = prepare(experiment.data, 1)
    ends = io_spec(experiment, dataset)
    with pytest.raises(InputError, match="only a network trained on text writes text"):
        Generator(experiment, trace(experiment.model, ends), ends, dataset.pipeline)


class Script(Sampling):
    """Tokens that are fixed beforehand, whatever their scores."""

    def __init__(self, tokens: Iterable[int]) -> None:
        object.__setattr__(self, "tokens", iter(tokens))

    def choose(self, scores: np.ndarray, rng: np.random.Generator) -> int:
        return next(self.tokens)  # type: ignore[attr-defined]


SCORES = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


def shares(sampling: Sampling, draws: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(0)
    counts = Counter(sampling.choose(SCORES, rng) for _ in range(draws))
    return np.array([counts[i] for i in range(4)]) / draws


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(), [0.5, 0.25, 0.15, 0.1]),
        (Sampling(temperature=0.5), np.array([0.25, 0.0625, 0.0225, 0.01]) / 0.345),
        (Sampling(top_k=2), [2 / 3, 1 / 3, 0, 0]),
        (Sampling(top_k=9), [0.5, 0.25, 0.15, 0.1]),
        (Sampling(top_p=0.8), np.array([0.5, 0.25, 0.15, 0]) / 0.9),
        (Sampling(top_p=0.3), [1, 0, 0, 0]),
        (Sampling(temperature=0), [1, 0, 0, 0]),
    ],
)
def test_tokens_are_drawn_with_the_probabilities_asked_for(sampling, expected):
    found = shares(sampling)
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert (found[np.array(expected) == 0] == 0).all()


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("options", [{}, {"temperature": 0.0}, {"top_k": 2}, {"top_p": 0.5}])
def test_scores_that_are_not_finite_end_the_text_with_a_clear_word(wrong, options):
    with pytest.raises(TrainingError, match="scores are not finite"):
        Sampling(**options).choose(np.array([0.0, wrong, 1.0]), np.random.default_rng(1))


@pytest.mark.parametrize("options", [{}, {"top_k": 2}, {"top_p": 0.3}])
def test_a_draw_close_to_1_is_a_token_that_may_be_drawn(options):
    class Last:
        def random(self) -> float:
            return 1 - 2.0**-53

    scores = np.log(np.array([0.1, 0.6, 0.3, 1e-300]))
    allowed = {"top_k": {1, 2}, "top_p": {1}}.get(next(iter(options), ""), {0, 1, 2, 3})
    assert Sampling(**options).choose(scores, Last()) in allowed  # type: ignore[arg-type]
