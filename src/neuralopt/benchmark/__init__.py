"""The fair comparison: tasks, methods, budget, records and ranking."""

from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.compare import Comparison, compare
from neuralopt.benchmark.machine import machine_facts
from neuralopt.benchmark.methods import Method, choose_methods, gradient_methods
from neuralopt.benchmark.real_task import RealTask, make_real_task
from neuralopt.benchmark.task import Task, make_task
from neuralopt.benchmark.text_compare import compare_text
from neuralopt.benchmark.text_run import TextRun, TextSettings, train_text
from neuralopt.benchmark.text_task import TextTask, make_text_task

__all__ = [
    "Budget",
    "Comparison",
    "Method",
    "RealTask",
    "Task",
    "TextRun",
    "TextSettings",
    "TextTask",
    "choose_methods",
    "compare",
    "compare_text",
    "gradient_methods",
    "machine_facts",
    "make_real_task",
    "make_task",
    "make_text_task",
    "train_text",
]
