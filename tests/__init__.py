"""The suite mirrors the package's tree; `tests.variants` and `tests.autodiff` are shared tools."""
