"""Architecture search: MobileNetV3 on the digits end to end; regret and predictors on stored tables."""

from typing import Any

from harness import Clock, Target, check, figure, main, number, spread, table

TITLE = "Architecture search"
SETTINGS = {"default threads": {}}
TARGETS = (
    Target("mobilenet_v3, ageing, 70 evaluations and as many at random", "ageing", "<=", 10.0, "min"),
    Target("regret of ageing over random search, 30 seeds", "regret ratio", "<=", 1.0, "×"),
)
_SHORT, _FULL = 5, 20  # epochs of a candidate, and of the winner


def measure(quick: bool) -> dict[str, Any]:
    """Measure this section; see `harness`. Compilation is inside the clock: a person waits for it too."""
    from sklearn.datasets import load_digits

    from neuralopt.architecture import MobileNetV3Space, search_architecture
    from neuralopt.architecture.table import load_table, predictor_taus, simulated_regrets, table_names

    digits = load_digits()
    data = (digits.images / 8 - 1, digits.target)
    space = MobileNetV3Space((8, 8), 1, 10, width=0.25)
    population, generations = (2, 2) if quick else (20, 50)
    with Clock() as clock:
        found = search_architecture(
            data,
            space,
            population_size=population,
            generations=generations,
            epochs=_FULL,
            candidate_epochs=_SHORT,
        )
    ageing = figure([clock.seconds / 60])
    few = 2 if quick else 10
    short = search_architecture(
        data, space, "generational", few, 1, epochs=2, candidate_epochs=1, batch_size=64
    )
    # the first evaluation compiles
    each = [e.seconds for e in short.history[1:]]
    whole = figure([1020 * sum(each) / len(each) / 60])
    arms = []
    for arm in ("search", "random"):
        done, best = found.trained[arm], found.best_evaluation(arm)
        arms.append(
            [
                "ageing evolution" if arm == "search" else "random search",
                str(len(found.evaluations(arm))),
                str(sum(len(e.curves.train_loss) for e in found.evaluations(arm))),
                number(best.metric, 4),
                number(done.validation_metric, 4),
                number(done.test_metric or 0.0, 4),
                f"{best.multiply_adds:,}",
            ]
        )
    regrets, ratio, seeds = [], 1.0, 5 if quick else 30
    for name in table_names():
        held = load_table(name)
        for epochs in (held.epochs, max(3, held.epochs // 4)):
            ours, random = (
                simulated_regrets(held, s, 20, 50, epochs=epochs, seeds=range(seeds))
                for s in ("ageing", "random")
            )
            if name == "mlp_digits" and epochs == held.epochs:
                ratio = float(ours.mean() / random.mean())
            wins, losses = int((ours < random).sum()), int((ours > random).sum())
            cells = [number(100 * float(values.mean()), 3) for values in (ours, random)]
            regrets.append([name, f"{epochs} of {held.epochs}", *cells, f"{wins} : {losses}"])
    taus = [
        [name, row["predictor"], f"{row['epochs']} of {row['of']}", number(row["tau"], 3)]
        for name in table_names()
        for row in predictor_taus(load_table(name), max(3, load_table(name).epochs // 4))
    ]
    limits = all(len(e.curves.train_loss) == _SHORT for e in found.history)
    return {
        "figures": {"ageing": ageing, "regret ratio": figure([ratio])},
        "checks": [
            check(
                "both arms spent as many epochs",
                limits and arms[0][2] == arms[1][2],
                f"{arms[0][2]} and {arms[1][2]}",
            )
        ],
        "tables": [
            table(
                f"MobileNetV3 on digits, 8 x 8 pixels, width 0.25: {space.size:.2e} networks; "
                f"{spread(ageing, 'min')} in all",
                ["arm", "evaluations", "epochs", "candidate", "in full", "on test rows", "multiply-adds"],
                arms,
            ),
            table(
                "Generational evolution, population 20 and 50 generations, one epoch for a candidate",
                ["of one arm", "measured"],
                [[spread(whole, "min") + " for 1,020, extrapolated", f"{len(each)} evaluations"]],
            ),
            table(
                f"Regret in % of accuracy, 20 + 50 evaluations, mean of {seeds} seeds",
                ["table", "epochs", "ageing", "random", "seeds won : lost"],
                regrets,
            ),
            table("Kendall's tau against full training", ["table", "predictor", "epochs", "tau"], taus),
        ],
        "notes": [
            "The target on regret is that of perceptrons trained in full; the other rows show where noise of "
            "the score hides the difference.",
            f"A candidate trains for {_SHORT} epochs, the best of each arm from scratch for {_FULL}.",
        ],
    }


if __name__ == "__main__":
    main(measure)
