"""Trains a small GAN and saves as it goes, to be killed by tests/test_checkpoint.py.

For each line `PATH MODE ROUNDS SLOW` on stdin it answers with the process id of a child that does
this, and with the child's exit status when it has ended. Children are forked before TensorFlow has
started any thread, so it is imported once and not once per kill.

A child writes to PATH.log what a test may want to wait for.
"""

import os
import sys
import time
import traceback


def build(seed=0, units=4, dtype=None, **options):
    import keras
    import numpy as np
    from keras import layers

    from tgan_lessons.gan import GAN

    def dense(units, number):
        start = keras.initializers.GlorotUniform(seed=seed + number)
        return layers.Dense(units, kernel_initializer=start, dtype=dtype)

    inner = [dense(units, 1), layers.BatchNormalization(), layers.ReLU()]
    generator = keras.Sequential([keras.Input((2,)), *inner, dense(2, 2)])
    discriminator = keras.Sequential(
        [keras.Input((2,)), dense(4, 3), layers.ReLU(), layers.Dropout(0.3, seed=4), dense(1, 5)]
    )
    game = GAN(generator, discriminator, **({"seed": seed, "moves": (2, 1)} | options))
    game.feed(np.random.default_rng(6).normal(size=(60, 2)).astype(np.float32), batch_size=8)
    return game


def slow_down(seconds, log):
    """Makes a save stop in the middle of its file, and between file and name."""
    import numpy as np

    write_array, fsync = np.lib.format.write_array, os.fsync

    def slow_write_array(member, array, **options):
        if member._zinfo.filename.startswith("generator/network/0"):
            member._fileobj.flush()
            log.write("writing\n")
            time.sleep(seconds)
        write_array(member, array, **options)

    def slow_fsync(number):
        fsync(number)
        time.sleep(seconds)
        log.write("written\n")

    np.lib.format.write_array, os.fsync = slow_write_array, slow_fsync


def run(path, mode, rounds, slow):
    """What a learner's cells do."""
    from tgan_lessons import checkpoint

    with open(f"{path}.log", "a", buffering=1) as log:
        game = build()
        if slow:
            slow_down(slow, log)
        log.write("built\n")
        if mode == "fit":
            checkpoint.train(game, path, rounds=rounds, every=10, verbose=0)
        else:
            checkpoint.resume(game, path)
            while game.rounds < rounds:
                game.advance(10)
                checkpoint.save(game, path)
        log.write(f"finished {int(game.rounds)}\n")


def serve():
    import keras  # noqa: F401
    import tensorflow as tf  # noqa: F401
    from tensorflow.python.eager import context

    from tgan_lessons import checkpoint  # noqa: F401

    assert context.context()._context_handle is None  # else a fork would lose its threads
    print("ready", flush=True)
    for line in sys.stdin:
        path, mode, rounds, slow = line.split()
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)  # what it says is not an answer
            status = 1
            try:
                run(path, mode, int(rounds), float(slow))
                status = 0
            except BaseException:
                traceback.print_exc()
            os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
