"""Semantic embeddings by a sentence-transformers model, from the model hub or a local folder."""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.util
from collections.abc import Iterator, Sequence
from logging import CRITICAL, getLogger
from pathlib import Path
from typing import Any

import numpy as np

from neuralopt.core.errors import DataError, InvalidArgument, StorageError, missing_dependency
from neuralopt.text.cache import cache_folder, cached_vectors

DEFAULT_MODEL = "ytu-ce-cosmos/turkish-e5-large"
"""A Turkish model with vectors of length 1024."""

_TASK = "Instruct: Given a question, retrieve the answer to it\nQuery: "


@dataclasses.dataclass(frozen=True)
class SentenceEmbedding:
    """Vectors from a transformer that has read much text, kept on disk.

    A model gives vectors of length one. Here they have the length :math:`\\sqrt D`, so that their D
    components are about one, as a network's inputs should be.

    Parameters
    ----------
    model : str, default "ytu-ce-cosmos/turkish-e5-large"
        A name on the model hub, or a local folder.
    question_prefix, answer_prefix : str, optional
        What stands before every text. By default what the e5 family was trained with, told by the name:
        an instruction before the question (``instruct`` models and turkish-e5), ``query:`` and ``passage:``
        (the other e5 models), nothing for other models.
    digest : str, optional
        Checksum of a local folder's files; by default taken from the folder. A folder with another one is
        refused.

    Raises
    ------
    InvalidArgument
        When the model is a path that is no folder of a model.
    """

    model: str = DEFAULT_MODEL
    question_prefix: str | None = None
    answer_prefix: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        prefixes = default_prefixes(self.model)
        for name, default in zip(("question_prefix", "answer_prefix"), prefixes, strict=True):
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        folder = Path(self.model).expanduser()
        if folder.is_dir():
            object.__setattr__(self, "model", str(folder.resolve()))
        elif self.digest is None and (folder.exists() or self.model.startswith(("/", ".", "~"))):
            raise InvalidArgument(
                f"There is no folder '{self.model}' with an embedding model. "
                "Give a folder that sentence-transformers has saved, or a name on the model hub."
            )
        now = _folder_digest(Path(self.model))
        if self.digest is not None and now != self.digest:
            state = "holds another model now" if now else "is not there"
            raise StorageError(
                f"The embedding model '{self.model}' {state}, and vectors of another model mean nothing to "
                "this network. Put the model back, or train again."
            )
        object.__setattr__(self, "digest", now)

    @property
    def name(self) -> str:
        """What tables call it: the last part of the model's name that is not just "model"."""
        parts = [part for part in Path(self.model).parts if part not in ("model", "models")]
        return parts[-1] if parts else self.model

    def questions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of questions.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        float32 array of shape (n, D)
            Each of length sqrt(D).

        Raises
        ------
        MissingDependency
            Without the package sentence-transformers.
        InvalidArgument
            When the model cannot be loaded.
        """
        return self._vectors(texts, self.question_prefix or "")

    def answers(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of answers; see `questions`."""
        return self._vectors(texts, self.answer_prefix or "")

    def _vectors(self, texts: Sequence[str], prefix: str) -> np.ndarray:
        # a folder is known by its contents: moved or renamed it gives the same vectors
        identity = {"model": self.digest or self.model, "prefix": prefix}

        def encode(new: Sequence[str]) -> np.ndarray:
            model = _load(self.model, self.digest)
            vectors = model.encode(
                [prefix + text for text in new], normalize_embeddings=True, show_progress_bar=False
            )
            if not np.isfinite(vectors).all():
                raise DataError(
                    f"The embedding model '{self.model}' gives vectors that are not finite. Its files may be "
                    "damaged, or its 16-bit numbers overflow. Take another model."
                )
            return vectors

        vectors = cached_vectors(cache_folder(), identity, texts, encode)
        return vectors * np.float32(np.sqrt(vectors.shape[1]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads."""
        return {"kind": "sentences", **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> "SentenceEmbedding":
        """Return the embedding that `to_dict` described.

        Parameters
        ----------
        kept : dict

        Returns
        -------
        SentenceEmbedding
            Of the same model.

        Raises
        ------
        StorageError
            When a local model has changed or is gone.
        """
        return cls(**{field.name: kept[field.name] for field in dataclasses.fields(cls)})


def default_prefixes(model: str) -> tuple[str, str]:
    """Return what stands before questions and answers, by the model's name.

    Parameters
    ----------
    model : str
        Name or folder.

    Returns
    -------
    question, answer : str

    References
    ----------
    Wang et al., 2022, arXiv:2212.03533 (query and passage); Wang et al., 2024, arXiv:2402.05672
    (instruction).

    Examples
    --------
    >>> default_prefixes("intfloat/multilingual-e5-base")
    ('query: ', 'passage: ')
    >>> default_prefixes("all-MiniLM-L6-v2")
    ('', '')
    """
    name = Path(model).name.lower()
    if "e5" not in name.replace("_", "-").split("-"):
        return "", ""
    return (_TASK, "") if "instruct" in name or "turkish-e5" in name else ("query: ", "passage: ")


def have_sentence_transformers() -> bool:
    """Return whether the package that semantic embeddings need is installed."""
    return importlib.util.find_spec("sentence_transformers") is not None


def is_local(model: str) -> bool:
    """Return whether a model is on this machine: a folder, or fetched from the hub before."""
    if Path(model).expanduser().is_dir():
        return True
    if not have_sentence_transformers():
        return False
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(model, "modules.json"), str)
    except HFValidationError:
        return False


def _folder_digest(folder: Path) -> str | None:
    if not folder.is_dir():
        return None
    running = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        relative = file.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts):
            continue
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        running.update(f"{relative.as_posix()} {content}\n".encode())
    return running.hexdigest()


@contextlib.contextmanager
def _quiet_hub() -> Iterator[None]:
    """Keep back what the hub's client says of every try: the last one stands in the error."""
    logger = getLogger("huggingface_hub")
    before = logger.level
    logger.setLevel(CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@functools.lru_cache(maxsize=2)
def _load(model: str, digest: str | None) -> Any:
    """Return the loaded model; a folder of other contents is another model."""
    if not have_sentence_transformers():
        raise missing_dependency("sentence_transformers", "text", f"The embedding model '{model}'")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        # safetensors only: other formats of weights can run code when they are read
        with _quiet_hub():
            return SentenceTransformer(model, model_kwargs={"use_safetensors": True})
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise InvalidArgument(
            f"The embedding model '{model}' cannot be loaded ({type(error).__name__}: {reason}). Likely "
            "cause: a misspelt name, no network for a first download, or a folder without safetensors "
            "weights. Give a folder that sentence-transformers has saved, or a name on the model hub."
        ) from error
