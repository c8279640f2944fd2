"""From records to figures to one self-contained page."""

from neuralopt.report.figure import Figure
from neuralopt.report.page import build_report, task_figures
from neuralopt.report.records import Record, Records, TaskRecords, load_records
from neuralopt.report.terminal import ranking_table

__all__ = [
    "Figure",
    "Record",
    "Records",
    "TaskRecords",
    "build_report",
    "load_records",
    "ranking_table",
    "task_figures",
]
