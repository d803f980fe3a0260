"""What all tests share: one compilation cache, hypothesis without a database."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
from hypothesis import HealthCheck, settings

CACHE = Path(tempfile.gettempdir()) / "commonweal-jax-cache"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)

settings.register_profile(
    "commonweal", deadline=None, max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("commonweal")
