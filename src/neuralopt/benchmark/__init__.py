"""The fair comparison: tasks, methods, budget, records and ranking."""

from neuralopt.benchmark.budget import Budget
from neuralopt.benchmark.compare import Comparison, compare
from neuralopt.benchmark.machine import machine_facts
from neuralopt.benchmark.methods import Method, choose_methods, gradient_methods
from neuralopt.benchmark.real_task import RealTask, make_real_task
from neuralopt.benchmark.task import Task, make_task

__all__ = [
    "Budget",
    "Comparison",
    "Method",
    "RealTask",
    "Task",
    "choose_methods",
    "compare",
    "gradient_methods",
    "machine_facts",
    "make_real_task",
    "make_task",
]
