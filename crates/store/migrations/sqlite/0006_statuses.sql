-- Statuses of runs as rows, so that adding one is an INSERT; standard deviations by sqrt(); errors of any classes.

CREATE TABLE statuses (
    status TEXT PRIMARY KEY CHECK (status <> ''),
    meaning TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO statuses (status, meaning) VALUES
    ('running', 'a process trains it, as far as is known'),
    ('finished', 'ended with test predictions'),
    ('failed', 'ended by an error, which failure names'),
    ('interrupted', 'its process is gone or was asked to stop; repeating the sweep continues it'),
    ('diverged', 'its loss was no finite number any more, at diverged_step of diverged_epoch');

-- A rule of a table changes only with the table (https://www.sqlite.org/lang_altertable.html, section 7). Only runs is
-- written anew, one row per run: other tables refer to it by its name and its ids, and none of their rows is touched.

-- What must hold for that. A rule that is broken here fails, and with it the whole migration.
CREATE TEMP TABLE requirements (
    -- With foreign keys on, dropping runs would delete the rows of the tables that refer to it.
    foreign_keys INTEGER NOT NULL CONSTRAINT "foreign keys are on" CHECK (foreign_keys = 0),
    -- A column that no version of ranklab made would be lost.
    columns INTEGER NOT NULL CONSTRAINT "the table runs has a column that is not ranklab's" CHECK (columns = 78)
) STRICT;
INSERT INTO requirements (foreign_keys, columns)
SELECT foreign_keys, (SELECT COUNT(*) FROM pragma_table_info('runs')) FROM pragma_foreign_keys;
DROP TABLE requirements;

CREATE TEMP TABLE former_runs AS SELECT * FROM runs;
CREATE TEMP TABLE former_sequence AS SELECT seq FROM sqlite_sequence WHERE name = 'runs';
DROP TABLE runs;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    status TEXT NOT NULL REFERENCES statuses (status),
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

    -- Who writes the run: a name that each opened database draws for itself. Records of other owners are refused.
    owner TEXT,
    -- Until when the owner counts as alive without a further heartbeat.
    lease_expires_at TEXT,
    -- When the process started: distinguishes it from another one with its number.
    process_started TEXT,
    -- How often the run was left by its process and continued by another.
    interruptions INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0),
    -- Where the loss was no finite number any more.
    diverged_epoch INTEGER CHECK (diverged_epoch >= 1),
    diverged_step INTEGER CHECK (diverged_step >= 1),
    -- The definition of the configuration hash that config_hash follows.
    identity_version INTEGER NOT NULL DEFAULT 1 CHECK (identity_version >= 1),
    -- Images left out because the same bytes stand in both classes.
    contradicting_images INTEGER NOT NULL DEFAULT 0 CHECK (contradicting_images >= 0),
    -- Files among the images that were passed over for another reason than being unreadable or a duplicate.
    skipped_files INTEGER NOT NULL DEFAULT 0 CHECK (skipped_files >= 0),

    -- Each rule binds the statuses that it names. A status that is added later is free of them.
    CHECK (status NOT IN ('failed', 'diverged') OR failure IS NOT NULL),
    CHECK (status NOT IN ('running', 'finished', 'interrupted') OR failure IS NULL),
    CHECK (status <> 'running' OR ended_at IS NULL),
    CHECK (status NOT IN ('finished', 'failed', 'interrupted', 'diverged') OR ended_at IS NOT NULL),
    CHECK (
        status <> 'finished' OR (
            best_epoch IS NOT NULL AND model_hash IS NOT NULL AND true_positives IS NOT NULL
            AND false_negatives IS NOT NULL AND false_positives IS NOT NULL AND true_negatives IS NOT NULL
        )
    ),
    CHECK (
        status NOT IN ('running', 'failed', 'interrupted', 'diverged')
        OR best_epoch IS NULL OR model_hash IS NULL OR true_positives IS NULL
        OR false_negatives IS NULL OR false_positives IS NULL OR true_negatives IS NULL
    )
) STRICT;

INSERT INTO runs (
    id, status, failure, started_at, ended_at, heartbeat_at, family, config_hash, config, label, model,
    layers, rank, ranks, preset, optimizer, learning_rate, epochs, batch_size, seed, dataset, synthetic,
    images, duplicate_images, unreadable_images, image_size, resize, image_set_hash, split, fold,
    split_seed, split_hash, train_images, validation_images, test_images, train_patients, test_patients,
    shared_patients, shared_test_images, weights, weights_hash, device, host, process, git_commit,
    git_dirty, version, trainable_parameters, frozen_parameters, adapter_parameters, select_by, best_epoch,
    model_hash, feature_seconds, train_seconds, test_seconds, images_per_second, peak_memory_bytes,
    test_loss, test_accuracy, sensitivity, specificity, precision, f1, auc, true_positives, false_negatives,
    false_positives, true_negatives, owner, lease_expires_at, process_started, interruptions,
    diverged_epoch, diverged_step, identity_version, contradicting_images, skipped_files
)
SELECT
    id, status, failure, started_at, ended_at, heartbeat_at, family, config_hash, config, label, model,
    layers, rank, ranks, preset, optimizer, learning_rate, epochs, batch_size, seed, dataset, synthetic,
    images, duplicate_images, unreadable_images, image_size, resize, image_set_hash, split, fold,
    split_seed, split_hash, train_images, validation_images, test_images, train_patients, test_patients,
    shared_patients, shared_test_images, weights, weights_hash, device, host, process, git_commit,
    git_dirty, version, trainable_parameters, frozen_parameters, adapter_parameters, select_by, best_epoch,
    model_hash, feature_seconds, train_seconds, test_seconds, images_per_second, peak_memory_bytes,
    test_loss, test_accuracy, sensitivity, specificity, precision, f1, auc, true_positives, false_negatives,
    false_positives, true_negatives, owner, lease_expires_at, process_started, interruptions,
    diverged_epoch, diverged_step, identity_version, contradicting_images, skipped_files
FROM former_runs;

-- The id of a deleted run is not given to another one.
DELETE FROM sqlite_sequence WHERE name = 'runs';
INSERT INTO sqlite_sequence (name, seq) SELECT 'runs', seq FROM former_sequence;

DROP TABLE former_runs;
DROP TABLE former_sequence;

CREATE INDEX runs_config_hash ON runs (config_hash, status);
CREATE INDEX runs_status_host ON runs (status, host);

DROP VIEW repeats;

-- One row per set of repeats: finished runs on the same images that differ in seeds or fold only.
-- A variance below 1e-24 is rounding. sqrt() is one of SQLite's mathematical functions
-- (https://www.sqlite.org/lang_mathfunc.html).
CREATE VIEW repeats AS
WITH means AS (
    SELECT
        r.*,
        (r.feature_seconds + r.train_seconds + r.test_seconds) / 60 AS minutes,
        AVG(r.test_accuracy) OVER family_images AS mean_accuracy,
        AVG(r.sensitivity) OVER family_images AS mean_sensitivity,
        AVG(r.specificity) OVER family_images AS mean_specificity,
        AVG(r.f1) OVER family_images AS mean_f1,
        AVG(r.auc) OVER family_images AS mean_auc
    FROM finished_runs r
    WINDOW family_images AS (PARTITION BY r.family, r.image_set_hash)
),
variances AS (
    SELECT
        MIN(model) AS model,
        MIN(layers) AS layers,
        MIN(rank) AS rank,
        MIN(ranks) AS ranks,
        MIN(preset) AS preset,
        MIN(split) AS split,
        MIN(dataset) AS dataset,
        MIN(synthetic) AS synthetic,
        MIN(images) AS images,
        MIN(epochs) AS epochs,
        MIN(optimizer) AS optimizer,
        MIN(learning_rate) AS learning_rate,
        COUNT(*) AS runs,
        COUNT(DISTINCT seed) AS seeds,
        COUNT(DISTINCT split_hash) AS splits,
        MIN(mean_accuracy) AS accuracy,
        MIN(mean_sensitivity) AS sensitivity,
        MIN(mean_specificity) AS specificity,
        MIN(mean_f1) AS f1,
        MIN(mean_auc) AS auc,
        SUM((test_accuracy - mean_accuracy) * (test_accuracy - mean_accuracy))
            / NULLIF(COUNT(test_accuracy) - 1, 0) AS accuracy_variance,
        SUM((sensitivity - mean_sensitivity) * (sensitivity - mean_sensitivity))
            / NULLIF(COUNT(sensitivity) - 1, 0) AS sensitivity_variance,
        SUM((specificity - mean_specificity) * (specificity - mean_specificity))
            / NULLIF(COUNT(specificity) - 1, 0) AS specificity_variance,
        SUM((f1 - mean_f1) * (f1 - mean_f1)) / NULLIF(COUNT(f1) - 1, 0) AS f1_variance,
        SUM((auc - mean_auc) * (auc - mean_auc)) / NULLIF(COUNT(auc) - 1, 0) AS auc_variance,
        MIN(adapter_parameters) AS adapter_parameters,
        MIN(trainable_parameters) AS trainable_parameters,
        MIN(frozen_parameters) AS frozen_parameters,
        AVG(minutes) AS minutes,
        family,
        image_set_hash
    FROM means
    GROUP BY family, image_set_hash
)
SELECT
    v.*,
    CASE WHEN accuracy_variance < 1e-24 THEN 0.0 ELSE sqrt(accuracy_variance) END AS accuracy_sd,
    CASE WHEN sensitivity_variance < 1e-24 THEN 0.0 ELSE sqrt(sensitivity_variance) END AS sensitivity_sd,
    CASE WHEN specificity_variance < 1e-24 THEN 0.0 ELSE sqrt(specificity_variance) END AS specificity_sd,
    CASE WHEN f1_variance < 1e-24 THEN 0.0 ELSE sqrt(f1_variance) END AS f1_sd,
    CASE WHEN auc_variance < 1e-24 THEN 0.0 ELSE sqrt(auc_variance) END AS auc_sd
FROM variances v;

DROP VIEW test_errors;

-- A probability of one half counts as positive, as in training; one that is not a number as negative. The names of the
-- classes stand in the settings of the run.
CREATE VIEW test_errors AS
SELECT
    p.run_id AS run,
    p.image,
    p.patient,
    CASE p.label WHEN 1 THEN 'positive' ELSE 'negative' END AS actual,
    CASE p.label WHEN 1 THEN 'negative' ELSE 'positive' END AS predicted,
    p.probability,
    CASE p.label WHEN 1 THEN 1 - COALESCE(p.probability, 0) ELSE p.probability END AS confidence
FROM predictions p
WHERE (p.label = 1) <> (COALESCE(p.probability, 0) >= 0.5)
ORDER BY p.run_id, confidence DESC, p.image;
