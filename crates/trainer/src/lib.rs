//! Frozen-trunk feature cache, training loop, Adamax, evaluation and events.
