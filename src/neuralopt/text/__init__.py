"""The text task: question-answer pairs, their embeddings, and a network that tells right from wrong."""
