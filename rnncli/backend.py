"""The one place where a backend and a device are chosen, before keras is first imported."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rnncli.distribution import distribute
from rnncli.errors import DeviceError, RnnError, StorageError
from rnncli.machine import cores, has_gpu_driver
from rnncli.program_cache import keep_programs, kept_programs
from rnncli.quiet import TALKATIVE

if TYPE_CHECKING:
    from rnncli.experiment import Backend

__all__ = ["Device", "activate", "beside_torch", "torch_sees_gpu", "trouble_told"]


@dataclass(frozen=True)
class Device:
    """What a run computes on."""

    backend: Backend
    kind: Literal["cpu", "gpu"]
    name: str
    """The processor as its driver names it."""
    reason: str
    """Why this one was taken."""
    count: int = 1
    """How many of them."""

    def __str__(self) -> str:
        """One line for the terminal."""
        several = f"{self.count} × " if self.count > 1 else ""
        return f"{several}{self.kind.upper()} ({self.name}), Keras on {self.backend}: {self.reason}"


def activate(
    backend: Backend,
    device: Literal["auto", "cpu", "gpu"] = "auto",
    *,
    deterministic: bool = False,
    devices: int = 1,
    exact: bool = False,
    thorough: bool = False,
) -> Device:
    """Import keras on a backend and settle on a device.

    A process has one backend: asking for a second one is an error.

    Args:
        backend: Keras' backend.
        device: `gpu` insists on one.
        deterministic: on a GPU, allow only operations that repeat themselves bit for bit.
        devices: how many a model that is built from now on is spread over.
        exact: on a GPU, have float32 products computed in float32, not in TF32, whose factors keep
            10 bits of 23.
        thorough: on a CPU, leave TensorFlow's work on its graphs as it is in a plain script, not
            cut short for the sake of the first step.

    Raises:
        DeviceError: the backend is not installed, another one is already in use, a GPU was asked
            for and there is none, or there are too few devices.
    """
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.backend.backend() != backend:
        raise DeviceError(
            f"backend {backend}: this process already runs Keras on {loaded.backend.backend()}; "
            "start a new process for another backend"
        )
    if importlib.util.find_spec(backend) is None:
        raise DeviceError(
            f"backend {backend} is not installed; "
            + (f"pip install 'rnncli[{backend}]'" if backend != "tensorflow" else "make setup")
            + " or choose another --backend"
        )
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if device == "cpu" and loaded is None:
        _hide_gpus(backend)
    if deterministic:
        _ask_for_determinism(backend)
    if loaded is None:
        keep_programs(backend)
    with _import_noise_logged(), _uncollected():
        if backend == "tensorflow" and (device == "cpu" or not has_gpu_driver()):
            _prepare_for_cpus(thorough)
        import keras  # noqa: F401

        gpu = _GPU[backend](device != "cpu")
        distribute(backend, "cpu" if gpu is None else "gpu", devices)
    if device == "gpu" and gpu is None:
        raise DeviceError(
            f"device gpu: Keras on {backend} finds no GPU here; use --device auto or cpu, "
            "or see `rnn doctor`"
        )
    if gpu is not None and device != "cpu":
        if deterministic:
            _DETERMINISM[backend]()
        if exact:
            _FLOAT32[backend]()
        reason = "asked for" if device == "gpu" else "a GPU was found"
        return Device(backend, "gpu", gpu, reason, devices)
    reason = "asked for" if device == "cpu" else "no GPU found"
    return Device(backend, "cpu", f"{cores()} cores", reason, devices)


def beside_torch() -> None:
    """Call it before `activate` where PyTorch will run in the process of another backend.

    PyTorch's Triton, loaded by its optimizers, ends the process if TensorFlow was loaded before
    it (seen with PyTorch 2.14, Triton 3.8, TensorFlow 2.21); the other way round both work.
    """
    if importlib.util.find_spec("triton") is not None:
        importlib.import_module("triton")


@contextlib.contextmanager
def trouble_told() -> Iterator[None]:
    """Tell in a line when a backend finds that a model does not fit into memory.

    Likewise when an operation cannot be had in a deterministic version that was asked for, or a
    program cannot be kept or read back.

    Raises:
        DeviceError: the block ran out of memory, or an operation refused.
        StorageError: the disk of `rnncli.program_cache` is full, or what it holds is damaged.
    """
    try:
        yield
    except RnnError:
        raise
    except Exception as error:
        folder = kept_programs()
        if folder and (folder in str(error) or "Serialized cache" in str(error)):
            raise StorageError(
                f"{folder}: a compiled program cannot be kept or read; delete this folder, or "
                "set RNN_PROGRAMS=off, then run the same command again"
            ) from error
        kinds = (type(error).__name__, str(error)[:200])
        if "determinis" in str(error).lower():
            line = next(line for line in str(error).splitlines() if "determinis" in line.lower())
            raise DeviceError(
                f"train.deterministic: {line.strip()[:200]}; use --device cpu, another backend or "
                "train.deterministic=false"
            ) from error
        words = ("MemoryError", "ResourceExhausted", "RESOURCE_EXHAUSTED", "out of memory")
        if not any(word in kind for kind in kinds for word in words):
            raise
        raise DeviceError(
            "not enough memory for this model; lower model.layers units, model.embedding.dim, "
            "text.vocabulary_size or train.batch_size"
        ) from error


def _hide_gpus(backend: Backend) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if backend == "jax":
        os.environ["JAX_PLATFORMS"] = "cpu"
    if backend == "torch":
        os.environ["KERAS_TORCH_DEVICE"] = "cpu"


@contextlib.contextmanager
def _import_noise_logged() -> Iterator[None]:
    """Let what is printed at import time go to descriptor 2, not the terminal.

    Inside `rnncli.quiet.native_output_to` that descriptor leads to the log. Handlers that the
    libraries give their loggers meanwhile are taken away again: their stream ends here.
    """
    terminal = sys.stderr
    with os.fdopen(os.dup(2), "w", encoding="utf-8") as log:
        sys.stderr = log
        try:
            yield
        finally:
            sys.stderr = terminal
            for name in TALKATIVE:
                logger = logging.getLogger(name)
                for handler in logger.handlers[:]:
                    if getattr(handler, "stream", None) is log:
                        logger.removeHandler(handler)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python's collector from the million objects of an import, then and later.

    They all stay; looking through them again and again takes a fifth of the time to the first
    training step.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _prepare_for_cpus(thorough: bool) -> None:
    """Options of TensorFlow's that can be given before it is first used alone.

    Its idle threads sleep: spinning, they take the cores from the shards of
    `rnncli.layers.recurrence`. Unless `thorough`, its optimizer looks at a graph once, and neither
    for better layouts of images nor for memory to save: in ours there is nothing to gain by it, and
    the first step would wait for it, for a third of a second and more. In a process that has
    TensorFlow already it may be in use, and is left as it is.
    """
    if "tensorflow" in sys.modules:
        return
    import tensorflow as tf

    options = tf.compat.v1.ConfigProto()
    options.experimental.disable_thread_spinning = True
    if not thorough:
        rewriting = options.graph_options.rewrite_options
        rewriting.meta_optimizer_iterations = 1
        rewriting.layout_optimizer = rewriting.OFF
        rewriting.memory_optimization = rewriting.NO_MEM_OPT
    # Options are taken only where eager execution was off; TensorFlow 2 begins with it on.
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.enable_eager_execution(config=options)


def _tensorflow_gpu(wanted: bool) -> str | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not wanted:
        with contextlib.suppress(RuntimeError):  # devices are already in use
            tf.config.set_visible_devices([], "GPU")
        return None
    for gpu in gpus:
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)
    if not gpus:
        return None
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", gpus[0].name))


def torch_sees_gpu() -> bool:
    """Whether PyTorch can use a GPU; its CUDA builds warn at every look where there is none."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(torch.cuda.is_available())


def _jax_gpu(wanted: bool) -> str | None:
    import jax

    if not wanted or jax.default_backend() != "gpu":
        return None
    return str(jax.devices()[0].device_kind)


def _torch_gpu(wanted: bool) -> str | None:
    import torch

    if not wanted or not torch_sees_gpu():
        return None
    return str(torch.cuda.get_device_name(0))


_GPU = {"tensorflow": _tensorflow_gpu, "jax": _jax_gpu, "torch": _torch_gpu}


def _ask_for_determinism(backend: Backend) -> None:
    """What has to be in the environment before a GPU is first used."""
    if backend == "jax":
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    if backend == "torch":
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"


def _tensorflow_determinism() -> None:
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()


def _torch_determinism() -> None:
    import torch

    torch.use_deterministic_algorithms(True)


_DETERMINISM: dict[Backend, Callable[[], None]] = {
    "tensorflow": _tensorflow_determinism,
    "jax": lambda: None,
    "torch": _torch_determinism,
}


def _tensorflow_float32() -> None:
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(False)


def _jax_float32() -> None:
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")


def _torch_float32() -> None:
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


_FLOAT32: dict[Backend, Callable[[], None]] = {
    "tensorflow": _tensorflow_float32,
    "jax": _jax_float32,
    "torch": _torch_float32,
}
