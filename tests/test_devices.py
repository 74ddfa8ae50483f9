"""Scope: one model on several devices: the same losses as on one, and what stands in the way."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnncli.backend import Device
from rnncli.config import load_config
from rnncli.distribution import distribute
from rnncli.epochs import batches
from rnncli.errors import ConfigError, DeviceError
from rnncli.kernels import Work, kernels
from tests.synthetic import corpus_of, experiment_of, prepared_for, tiny

PROGRAM = """
import json, os, sys
from pathlib import Path
import keras
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
from rnncli import train
from rnncli.progress import Reporter
from tests.synthetic import tiny

class Breaking(Reporter):
    def epoch_started(self, epoch):
        if epoch == 2:
            raise RuntimeError("here")

out, backend = Path(sys.argv[1]), keras.backend.backend()
for case, settings in json.loads(sys.argv[2]).items():
    for devices in (2, 1):
        experiment = tiny(*settings, f"backend={backend}", f"devices={devices}")
        run = train(experiment, out=out / case / str(devices))
        if devices == 2 and case == "plain":
            try:
                train(experiment, out=out / "resumed", reporter=Breaking())
            except RuntimeError:
                train(experiment, out=out / "resumed")
"""
CASES = {
    "plain": ["train.optimizer={name: adam, global_clipnorm: 0.1}", "data.size=203"],
    "adversarial": ["train.adversarial={epsilon: 1.0}", "train.optimizer=sgd"],
    "averaged": ["train.optimizer={name: adamw, use_ema: true}", "train.class_weight=balanced"],
    "dropout": ["model.embedding.dropout=0.3"],
}


def losses(folder: Path) -> list[list[float]]:
    from rnncli import Run

    (run,) = folder.glob("*-s1")
    return [[epoch.loss, epoch.validation_loss] for epoch in Run(run).history()]


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_give_the_losses_of_one(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), json.dumps(CASES)],
        cwd=Path(__file__).parents[1],
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    for case in CASES:
        two, one = (losses(tmp_path / case / devices) for devices in ("2", "1"))
        assert len(two) == 2
        # On TensorFlow each replica draws its own dropout.
        exact = (case, backend) != ("dropout", "tensorflow")
        np.testing.assert_allclose(two, one, rtol=2e-5 if exact else 0.1)
    assert losses(tmp_path / "resumed") == losses(tmp_path / "plain" / "2")


def test_too_few_devices() -> None:
    with pytest.raises(DeviceError, match=r"devices: 3: .* finds 1 CPU here; lower devices"):
        distribute("tensorflow", "cpu", 3)
    with pytest.raises(DeviceError, match="not offered on torch"):
        distribute("torch", "cpu", 2)
    distribute("torch", "cpu", 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["devices=3"], "train.batch_size 128 does not fall into devices: 3 equal shares"),
        (["devices=0"], "devices"),
        (["devices=2", "backend=torch"], "devices: 2 is not offered on torch"),
        (["devices=2", "train.precision=mixed_float16"], "mixed_float16 is not offered"),
    ],
)
def test_what_does_not_go_together(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config("lstm_klue", settings)
    assert message in "\n".join(caught.value.lines)


def test_how_many_devices_is_no_part_of_what_is_computed() -> None:
    assert tiny("devices=2").digest() == tiny().digest()


def test_a_corpus_smaller_than_a_batch_is_filled_up_to_equal_shares() -> None:
    experiment = experiment_of(devices=4, train={"batch_size": 64})
    (batch,) = batches(experiment, prepared_for(experiment, corpus_of((49, 18, 12))), 0)
    assert (batch.texts, len(batch.rows)) == (49, 52)
    assert batch.weights[:49].sum() == pytest.approx(52)
    assert not batch.weights[49:].any()


def test_several_devices_run_keras_loop() -> None:
    experiment = tiny("devices=2")
    device = Device("tensorflow", "cpu", "2 cores", "asked for", 2)
    (kernel,) = kernels(experiment, device, Work(10**12, 64))
    assert (kernel.path, kernel.reason) == ("stepwise", "devices: 2 run Keras' loop")
    assert str(device) == "2 × CPU (2 cores), Keras on tensorflow: asked for"
