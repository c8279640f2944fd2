"""The linear output layer in closed form: ridge, leave-one-out, gradients, streams, robust weights."""

from neuralopt.readout.adjoint import ReadoutGradient, loo_gradient, solve_adjoint
from neuralopt.readout.choice import Choice, choose
from neuralopt.readout.comoments import CoMoments, add, comoments, forget, merge
from neuralopt.readout.loo import LeaveOneOut, leave_one_out, loo_loss
from neuralopt.readout.path import Path, default_lambdas, ridge_path
from neuralopt.readout.recursive import RecursiveState, start_recursive, update_recursive
from neuralopt.readout.refiner import LinearRegressionRefiner, Refinement
from neuralopt.readout.ridge import Readout, fit, solve, solve_comoments
from neuralopt.readout.robust import RobustFit, robust_fit

__all__ = [
    "Choice",
    "CoMoments",
    "LeaveOneOut",
    "LinearRegressionRefiner",
    "Path",
    "Readout",
    "ReadoutGradient",
    "RecursiveState",
    "Refinement",
    "RobustFit",
    "add",
    "choose",
    "comoments",
    "default_lambdas",
    "fit",
    "forget",
    "leave_one_out",
    "loo_gradient",
    "loo_loss",
    "merge",
    "ridge_path",
    "robust_fit",
    "solve",
    "solve_adjoint",
    "solve_comoments",
    "start_recursive",
    "update_recursive",
]
