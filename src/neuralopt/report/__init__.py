"""From records to figures to one self-contained page."""

from neuralopt.report.architecture_figures import architecture_figures
from neuralopt.report.architecture_records import load_architecture
from neuralopt.report.figure import Figure
from neuralopt.report.joint_figures import joint_figures
from neuralopt.report.joint_records import JointRecords, load_joint
from neuralopt.report.joint_terminal import joint_table
from neuralopt.report.page import build_report, task_figures
from neuralopt.report.records import Record, Records, TaskRecords, load_records
from neuralopt.report.terminal import ranking_table
from neuralopt.report.tuning_figures import tuning_figures
from neuralopt.report.tuning_records import TuningRecords, load_tuning

__all__ = [
    "Figure",
    "JointRecords",
    "Record",
    "Records",
    "TaskRecords",
    "TuningRecords",
    "architecture_figures",
    "build_report",
    "joint_figures",
    "joint_table",
    "load_architecture",
    "load_joint",
    "load_records",
    "load_tuning",
    "ranking_table",
    "task_figures",
    "tuning_figures",
]
