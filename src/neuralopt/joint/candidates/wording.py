"""What the table of candidates means, in sentences."""

import numpy as np

from neuralopt.joint.candidates.choosing import Verdict, paired
from neuralopt.joint.candidates.covering import Cover
from neuralopt.joint.candidates.fitted import Fitted
from neuralopt.joint.candidates.forms import Seen
from neuralopt.joint.candidates.selection import Table

FEW = 8  # real rows below which a choice says little


def sentences(
    table: Table,
    fitted: list[Fitted],
    losses: tuple[np.ndarray, np.ndarray],
    verdict: Verdict,
    seen: Seen,
    Y: np.ndarray,
    weights: np.ndarray,
    covered: Cover,
    left_out: np.ndarray,
    leaning: bool,
) -> tuple[str, ...]:
    """Return whether the simulator helped and by how much, and what else a reader should know."""
    words = [] if leaning else [_helped(table, fitted, losses, verdict.chosen, weights)]
    bare = table.names.index("simulator")
    if table.errors[bare] > 1 and not leaning:
        words.append(
            f"Taken as it is, the simulator is harmful: its error is {table.errors[bare]:.3g} standard "
            "deviations of the real targets, that of their mean is 1."
        )
    if fitted[verdict.chosen].form.inputs == "xf":
        words.append(
            f"Simulator and reality are related by a nonlinear function; their correlation is "
            f"{_correlation(seen.f, Y):.2f}."
        )
    if covered.beyond > 0:
        if leaning:
            words.append(
                "The choice is among candidates that lean on the simulator: on the real rows it is right "
                "but for a shift, beside its own spread over the domain, and nothing else speaks of the rest."
            )
        words.append(
            f"{covered.beyond:.0%} of the simulated rows lie far from every real row: predictions there rest "
            "on the simulator or on extrapolation, and no residual of a real row vouches for them."
        )
    if left_out.any():
        places = ", ".join(map(str, np.flatnonzero(left_out)))
        words.append(f"Real rows {places} were left out of all fits: outliers, or of weight zero.")
    if len(Y) < FEW:
        words.append(f"The choice says little with so few real rows ({len(Y)}); measure more.")
    return tuple(words)


def _helped(
    table: Table,
    fitted: list[Fitted],
    losses: tuple[np.ndarray, np.ndarray],
    chosen: int,
    weights: np.ndarray,
) -> str:
    """Return the verdict; the losses are the candidates' and the final model's squares of rows left out."""
    if "real only" not in table.names:
        return "There are too few real rows to tell whether the simulator helps."
    names, squares = table.names, losses[0]
    alone, unit = names.index("real only"), "standard deviations of the real targets"
    share = weights / weights.sum()
    if fitted[chosen].form.simulated:
        with_it, what = losses[1], table.made_of
        error = table.errors[alone] * float(np.sqrt(share @ with_it / max(share @ squares[alone], 1e-300)))
    else:
        best = min((i for i, f in enumerate(fitted) if f.form.simulated), key=lambda i: table.errors[i])
        with_it, what, error = squares[best], names[best], table.errors[best]
    gain, deviation = paired(squares[alone] - with_it, share)
    figures = f"{error:.3g} {unit} with it ({what}) and {table.errors[alone]:.3g} with the real rows alone"
    if gain > deviation and error < table.errors[alone]:
        if not fitted[chosen].form.simulated:
            return f"The simulator may help: the leave-one-out error is {figures}: they were the safer."
        ratio = table.errors[alone] / max(error, 1e-300)
        return f"The simulator helped: the leave-one-out error is {figures}, {ratio:.3g} times as much."
    if fitted[chosen].form.simulated or error < table.errors[alone]:
        return f"Whether the simulator helps cannot be told: the leave-one-out error is {figures}."
    return f"The simulator is useless here: the leave-one-out error is {figures}."


def _correlation(f: np.ndarray, Y: np.ndarray) -> float:
    """Return the correlation over rows, the mean over outputs; 0 where one does not vary."""
    f, Y = f - f.mean(axis=0), Y - Y.mean(axis=0)
    size = np.sqrt(np.sum(f**2, axis=0) * np.sum(Y**2, axis=0))
    return float(np.mean(np.sum(f * Y, axis=0) / np.where(size > 0, size, 1)))
