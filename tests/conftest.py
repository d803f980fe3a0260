"""What all tests share: one compilation cache, few programs in memory at once, hypothesis without a database."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Small matrices on two busy cores: threads of the linear algebra would cost ten times what they do.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import jax
import pytest
from hypothesis import HealthCheck, settings

CACHE = Path(tempfile.gettempdir()) / "commonweal-jax-cache"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)

settings.register_profile(
    "commonweal", deadline=None, max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("commonweal")

MAPS = Path("/proc/self/maps")
MOST_MAPS = 20_000
"""Memory maps of a process from which on programs are dropped. A program takes a few, and Linux allows 65,530."""


@pytest.fixture(autouse=True, scope="module")
def few_programs() -> Iterator[None]:
    """Drop compiled programs after a file of tests where there are many: the compiler crashes when no map is left."""
    yield
    if MAPS.exists() and MAPS.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()
