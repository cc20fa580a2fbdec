"""What a GAN gives away about those it learned from."""

import keras
import numpy as np
import pytest

from tgan_lessons import membership, membership_view
from tgan_lessons.membership import Moment, NoisyAdam


def test_groups_share_no_image_and_depend_on_the_seed():
    split = membership.split_digits(897, seed=3)
    assert [len(group) for group in split] == [897, 400, 500]
    assert sum(map(len, split)) == 1797
    from sklearn.datasets import load_digits

    together = np.concatenate(split)
    theirs = load_digits().data / 8 - 1
    assert np.array_equal(np.sort(together, axis=0), np.sort(theirs.astype(np.float32), axis=0))
    assert together.min() == -1 and together.max() == 1
    assert not np.array_equal(split.strangers, membership.split_digits(10, seed=4).strangers)
    assert np.array_equal(split.strangers, membership.split_digits(10, seed=3).strangers)
    for wrong in (0, 898, 2.5):
        with pytest.raises(ValueError, match="`members`"):
            membership.split_digits(wrong)


def test_the_gradient_is_shortened():
    """As plain Adam does that gets the shortened gradient."""
    grads = [np.array([3.0, 0.0], np.float32), np.array([4.0], np.float32)]  # of length 5
    ours, plain = ([keras.Variable(np.zeros(2)), keras.Variable(np.zeros(1))] for _ in range(2))
    noisy = NoisyAdam(0.1, bound=0.5, epsilon=1.0)
    adam = keras.optimizers.Adam(0.1, epsilon=1.0)
    for optimizer, variables in ((noisy, ours), (adam, plain)):
        optimizer.build(variables)
    noisy.apply([keras.ops.convert_to_tensor(g) for g in grads], ours)
    adam.apply([keras.ops.convert_to_tensor(g / 10) for g in grads], plain)
    for one, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_noise_blurs_each_step_anew():
    variable = keras.Variable(np.zeros(20_000))
    noisy = NoisyAdam(1.0, noise=2.0, bound=3.0, epsilon=1e4, beta_1=0.0, beta_2=0.0)
    noisy.build([variable])
    noisy.apply([keras.ops.zeros(20_000)], [variable])
    first = variable.numpy() * 1e4  # with so large an epsilon a step is the gradient / epsilon
    assert first.std() == pytest.approx(6.0, rel=0.05) and abs(first.mean()) < 0.2
    noisy.apply([keras.ops.zeros(20_000)], [variable])
    second = variable.numpy() * 1e4 - first
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    with pytest.raises(ValueError, match="noise"):
        NoisyAdam(noise=-1.0)


def test_area_and_closeness_by_hand():
    assert membership.area(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 0.75
    fakes = np.array([[0.0, 0.0], [3.0, 4.0]])
    images = np.array([[3.0, 4.0], [0.0, 1.0]])
    assert membership.closeness(fakes, images).tolist() == [0.0, -1.0]


def test_d_learns_a_few_members_by_heart():
    moments = membership.follow(12, rounds=300, looks=3, seed=1)
    assert [m.rounds for m in moments] == [100, 200, 300]
    assert moments[-1].by_score > 0.75 and np.isfinite(moments[-1].distance)
    again = membership.follow(12, rounds=300, looks=3, seed=1)
    assert again == moments
    with pytest.raises(ValueError, match="`rounds`"):
        membership.follow(12, rounds=2, looks=3)


def test_noise_reaches_the_discriminator():
    split = membership.split_digits(12)
    gan = membership.build(split.members, noise=0.1)
    assert isinstance(gan.player("discriminator").optimizer, NoisyAdam)
    assert type(gan.player("generator").optimizer) is keras.optimizers.Adam
    gan.advance(2)
    assert membership.attack(gan, split).rounds == 2
    assert 0 < membership.real_distance() < 3


def test_pictures():
    ends = {n: [Moment(5, a, 0.5, 3.0) for a in (0.7, 0.9)] for n in (25, 100)}
    ax = membership_view.plot_sizes(ends)
    means = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 2]
    assert any(np.allclose(mean, 0.8) for mean in means)
    runs = [[Moment(1, 0.5, 0.5, 9.0), Moment(2, 0.7, 0.5, 4.0)]] * 2
    ax = membership_view.plot_trade({"no noise": runs})
    assert ax.lines[0].get_xdata().tolist() == [9.0, 4.0]
    assert ax.lines[0].get_ydata().tolist() == [0.5, 0.7]
