"""The text task: question-answer pairs, their embeddings, and a network that tells right from wrong."""

from neuralopt.text.asking import Asking
from neuralopt.text.bundled import bundled_pairs
from neuralopt.text.encoder import PairEncoder
from neuralopt.text.generate import generate_pairs
from neuralopt.text.pairs import Pairs
from neuralopt.text.predictor import TextPredictor
from neuralopt.text.questions import DOMAINS, LANGUAGES
from neuralopt.text.sentences import SentenceEmbedding
from neuralopt.text.tfidf import TfidfEmbedding

__all__ = [
    "DOMAINS",
    "LANGUAGES",
    "Asking",
    "PairEncoder",
    "Pairs",
    "SentenceEmbedding",
    "TextPredictor",
    "TfidfEmbedding",
    "bundled_pairs",
    "generate_pairs",
]
