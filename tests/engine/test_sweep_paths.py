def test_a_sweep_that_is_ended_early_has_as_many_epochs_of_every_seed(net, regression):
    """The seeds that are not recorded follow in longer chunks; they catch up before the end."""
    result = sweep(
        net,
        regression,
        learning_rates=[0.01, 0.02],
        seeds=(0, 1, 2),
        epochs=500,
        trajectory=5,
        progress=lambda epoch: True,
    )
    done = np.isfinite(result.history["loss"]).sum(axis=2)
    assert (done == done[0, 0]).all()
    assert 0 < done[0, 0] < 500
