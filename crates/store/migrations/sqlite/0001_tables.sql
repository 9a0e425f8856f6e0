-- The tables. Times are RFC 3339 text in UTC; a real that is NULL where a number was due was not a number (NaN).
-- AUTOINCREMENT keeps the id of a deleted run from being given to another one.

CREATE TABLE sweeps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    command TEXT NOT NULL,
    plan_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    requested_at TEXT NOT NULL
) STRICT;

CREATE TABLE trials (
    sweep_id INTEGER NOT NULL REFERENCES sweeps (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    label TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    config TEXT NOT NULL,
    PRIMARY KEY (sweep_id, position)
) STRICT;

CREATE INDEX trials_config_hash ON trials (config_hash);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'interrupted')),
    failure TEXT,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    heartbeat_at TEXT NOT NULL,
    family TEXT NOT NULL,

    -- What was known at the start: all that is needed to repeat the run.
    config_hash TEXT NOT NULL,
    config TEXT NOT NULL,
    label TEXT NOT NULL,
    model TEXT NOT NULL,
    layers TEXT,
    rank INTEGER CHECK (rank >= 0),
    ranks TEXT,
    preset TEXT,
    optimizer TEXT NOT NULL,
    learning_rate REAL,
    epochs INTEGER NOT NULL CHECK (epochs >= 0),
    batch_size INTEGER NOT NULL CHECK (batch_size >= 0),
    seed INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    synthetic INTEGER NOT NULL CHECK (synthetic IN (0, 1)),
    images INTEGER NOT NULL CHECK (images >= 0),
    duplicate_images INTEGER NOT NULL CHECK (duplicate_images >= 0),
    unreadable_images INTEGER NOT NULL CHECK (unreadable_images >= 0),
    image_size INTEGER NOT NULL CHECK (image_size >= 0),
    resize TEXT NOT NULL,
    image_set_hash TEXT NOT NULL,
    split TEXT NOT NULL,
    fold INTEGER CHECK (fold >= 0),
    split_seed INTEGER NOT NULL,
    split_hash TEXT NOT NULL,
    train_images INTEGER NOT NULL CHECK (train_images >= 0),
    validation_images INTEGER NOT NULL CHECK (validation_images >= 0),
    test_images INTEGER NOT NULL CHECK (test_images >= 0),
    train_patients INTEGER NOT NULL CHECK (train_patients >= 0),
    test_patients INTEGER NOT NULL CHECK (test_patients >= 0),
    shared_patients INTEGER NOT NULL CHECK (shared_patients >= 0),
    shared_test_images INTEGER NOT NULL CHECK (shared_test_images >= 0),
    weights TEXT NOT NULL,
    weights_hash TEXT NOT NULL,
    device TEXT NOT NULL,
    host TEXT NOT NULL,
    process INTEGER NOT NULL,
    git_commit TEXT,
    git_dirty INTEGER CHECK (git_dirty IN (0, 1)),
    version TEXT NOT NULL,
    trainable_parameters INTEGER NOT NULL CHECK (trainable_parameters >= 0),
    frozen_parameters INTEGER NOT NULL CHECK (frozen_parameters >= 0),
    adapter_parameters INTEGER NOT NULL CHECK (adapter_parameters >= 0),
    select_by TEXT NOT NULL,

    -- What the end adds.
    best_epoch INTEGER CHECK (best_epoch >= 0),
    model_hash TEXT,
    feature_seconds REAL CHECK (feature_seconds >= 0),
    train_seconds REAL CHECK (train_seconds >= 0),
    test_seconds REAL CHECK (test_seconds >= 0),
    images_per_second REAL CHECK (images_per_second >= 0),
    peak_memory_bytes INTEGER CHECK (peak_memory_bytes >= 0),
    test_loss REAL,
    test_accuracy REAL CHECK (test_accuracy BETWEEN 0 AND 1),
    sensitivity REAL CHECK (sensitivity BETWEEN 0 AND 1),
    specificity REAL CHECK (specificity BETWEEN 0 AND 1),
    precision REAL CHECK (precision BETWEEN 0 AND 1),
    f1 REAL CHECK (f1 BETWEEN 0 AND 1),
    auc REAL CHECK (auc BETWEEN 0 AND 1),
    true_positives INTEGER CHECK (true_positives >= 0),
    false_negatives INTEGER CHECK (false_negatives >= 0),
    false_positives INTEGER CHECK (false_positives >= 0),
    true_negatives INTEGER CHECK (true_negatives >= 0),

    CHECK ((status = 'failed') = (failure IS NOT NULL)),
    CHECK ((status = 'running') = (ended_at IS NULL)),
    CHECK (
        (status = 'finished') = (
            best_epoch IS NOT NULL AND model_hash IS NOT NULL AND true_positives IS NOT NULL
            AND false_negatives IS NOT NULL AND false_positives IS NOT NULL AND true_negatives IS NOT NULL
        )
    )
) STRICT;

CREATE INDEX runs_config_hash ON runs (config_hash, status);
CREATE INDEX runs_status_host ON runs (status, host);

CREATE TABLE step_metrics (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step INTEGER NOT NULL CHECK (step >= 1),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    metric TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (run_id, step, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch_metrics (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    metric TEXT NOT NULL,
    value REAL,
    PRIMARY KEY (run_id, epoch, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE predictions (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    image TEXT NOT NULL,
    patient TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label IN (0, 1)),
    probability REAL CHECK (probability BETWEEN 0 AND 1),
    PRIMARY KEY (run_id, image)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;

CREATE INDEX artifacts_path ON artifacts (path);
