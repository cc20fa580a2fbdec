import keras
import numpy as np
import pytest
from scipy import special

from tgan_lessons import gan_view, planes
from tgan_lessons.gan import GAN
from tgan_lessons.gan_models import build_mlp_discriminator, build_mlp_generator


def make(**options):
    packing = options.get("packing", 1)
    gan = GAN(
        build_mlp_generator(options.pop("latent_dim", 2), (16,), seed=1),
        build_mlp_discriminator((16,), packing=packing, seed=1),
        **options,
    )
    gan.feed(np.random.default_rng(0).normal(size=(64, 2)).astype("float32"), batch_size=16)
    gan.advance(20)
    return gan


@pytest.fixture(scope="module")
def gan():
    return make()


def scores_of(gan, points):
    return gan.discriminator(np.float32(points), training=False).numpy()


def test_the_landscape_is_what_d_says(gan):
    look = gan_view.Scene(gan).look()
    points = planes.grid_points(look.extent, 60)
    expected = special.expit(scores_of(gan, points)).reshape(look.landscape.shape)
    np.testing.assert_allclose(look.landscape, expected, atol=1e-5)


def test_the_extent_may_change(gan):
    scene = gan_view.Scene(gan, extent=1.0)
    scene.extent = 4.0
    expected = special.expit(scores_of(gan, planes.grid_points(4.0, 60)))
    np.testing.assert_allclose(scene.look().landscape.ravel(), expected[:, 0], atol=1e-5)


def test_a_push_lowers_g_s_loss_of_that_fake(gan):
    look = gan_view.Scene(gan).look()
    step = 1e-2

    def losses(points):  # -log D, of each fake by itself
        return np.logaddexp(0, -scores_of(gan, points)[:, 0].astype(float))

    for axis in (0, 1):
        shift = step * np.eye(2)[axis]
        slopes = (losses(look.fakes + shift) - losses(look.fakes - shift)) / (2 * step)
        bent = np.abs(slopes + look.pushes[:, axis]) > 0.05  # a step across a bend of D
        assert bent.mean() < 0.1
    assert np.linalg.norm(look.pushes, axis=1).max() > 0.01


def test_a_scene_always_looks_at_the_same_noise_and_changes_nothing(gan):
    scene, state = gan_view.Scene(gan), gan.seeds.state.numpy()
    first, second = scene.look(), scene.look()
    assert np.array_equal(first.fakes, second.fakes)
    assert np.array_equal(gan.seeds.state.numpy(), state)
    np.testing.assert_allclose(first.fakes, gan.generate(250, seed=0), atol=1e-5)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_the_net_is_what_g_makes_of_straight_lines(latent_dim, latent):
    gan = make(latent_dim=latent_dim, latent=latent)
    net = gan_view.Scene(gan).look().net
    noise = gan_view.net_noise(latent_dim, latent)
    assert np.abs(noise).max() == (2.0 if latent == "normal" else 1.0)
    expected = gan.generator(noise, training=False).numpy().reshape(net.shape)
    np.testing.assert_allclose(net, expected, atol=1e-5)
    assert len(net) == (1 if latent_dim == 1 else 2 * gan_view.NET)
    lines = noise.reshape(len(net), gan_view.POINTS, latent_dim)
    steps = np.diff(lines, axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-5)


def test_scores_without_a_scale_are_judged_between_real_and_fake():
    real, fake = np.full(5, 30.0), np.full(5, 10.0)
    low, middle, high = (
        float(gan_view.opinion(False, np.float32(s), np.float32(real), np.float32(fake)))
        for s in (10.0, 20.0, 30.0)
    )
    assert middle == pytest.approx(0.5) and low < 0.15 and high > 0.85
    sigmoid = float(gan_view.opinion(True, np.float32(2.0), real, fake))
    assert sigmoid == pytest.approx(special.expit(2.0))


def test_a_d_that_judges_several_as_one_is_asked_beside_real_ones():
    gan = make(packing=2)
    real = np.float32([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    points = np.float32([[0.1, 0.2], [0.3, 0.4]])
    partners = real[(np.arange(2) * 7 + 1) % 3]
    expected = gan.discriminator(np.concatenate([points, partners], axis=1), training=False)
    found = gan_view._judge(gan, keras.ops.convert_to_tensor(points), real)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    look = gan_view.Scene(gan, fakes=251, real=real).look()
    assert len(look.fakes) == 252 and np.isfinite(look.pushes).all()


def test_no_extent_is_refused(gan):
    with pytest.raises(ValueError, match="`extent`"):
        gan_view.Scene(gan, extent=0.0)


def test_share_along():
    pushes = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
    steps = np.array([[2, 5], [-1, 0], [0, 0.1], [1, -1]])
    assert gan_view.share_along(pushes, steps) == 0.5
