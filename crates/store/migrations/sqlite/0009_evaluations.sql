-- Evaluations of runs on images that they were not tested on, with predictions, and runs whose weights come from elsewhere.

INSERT INTO statuses (status, meaning) VALUES
    ('imported', 'its weights come from elsewhere; it has no training and no test');

CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    evaluated_at TEXT NOT NULL,

    -- The images.
    dataset TEXT NOT NULL,
    positive TEXT NOT NULL,
    negative TEXT NOT NULL,
    group_rule TEXT NOT NULL,
    synthetic INTEGER NOT NULL CHECK (synthetic IN (0, 1)),
    images INTEGER NOT NULL CHECK (images >= 0),
    patients INTEGER NOT NULL CHECK (patients >= 0),
    image_set_hash TEXT NOT NULL,

    -- What of them the run has seen: images with the bytes of a training or validation image, and groups with the
    -- name of one that has such images. NULL where the run's images were not at hand, for the reason in audit_problem.
    shared_images INTEGER CHECK (shared_images >= 0),
    shared_patients INTEGER CHECK (shared_patients >= 0),
    audit_problem TEXT,

    -- The threshold that the run brings along, and the number of validation images that it was chosen on; NULL where
    -- it is the default.
    threshold REAL NOT NULL CHECK (threshold BETWEEN 0 AND 1),
    threshold_images INTEGER CHECK (threshold_images >= 0),

    device TEXT NOT NULL,
    version TEXT NOT NULL,
    git_commit TEXT,
    git_dirty INTEGER CHECK (git_dirty IN (0, 1)),

    -- At a threshold of one half, as the test figures of runs.
    loss REAL,
    accuracy REAL NOT NULL CHECK (accuracy BETWEEN 0 AND 1),
    sensitivity REAL NOT NULL CHECK (sensitivity BETWEEN 0 AND 1),
    specificity REAL NOT NULL CHECK (specificity BETWEEN 0 AND 1),
    precision REAL NOT NULL CHECK (precision BETWEEN 0 AND 1),
    f1 REAL NOT NULL CHECK (f1 BETWEEN 0 AND 1),
    auc REAL CHECK (auc BETWEEN 0 AND 1),
    true_positives INTEGER NOT NULL CHECK (true_positives >= 0),
    false_negatives INTEGER NOT NULL CHECK (false_negatives >= 0),
    false_positives INTEGER NOT NULL CHECK (false_positives >= 0),
    true_negatives INTEGER NOT NULL CHECK (true_negatives >= 0),

    CHECK ((shared_images IS NULL) = (audit_problem IS NOT NULL)),
    CHECK ((shared_images IS NULL) = (shared_patients IS NULL)),
    UNIQUE (run_id, image_set_hash, group_rule)
) STRICT;

CREATE TABLE evaluation_predictions (
    evaluation_id INTEGER NOT NULL REFERENCES evaluations (id) ON DELETE CASCADE,
    image TEXT NOT NULL,
    patient TEXT NOT NULL,
    label INTEGER NOT NULL CHECK (label IN (0, 1)),
    probability REAL CHECK (probability BETWEEN 0 AND 1),
    PRIMARY KEY (evaluation_id, image)
) STRICT, WITHOUT ROWID;

-- Each evaluation beside the run's own test figures, the newest first.
CREATE VIEW external_validation AS
SELECT
    e.id AS evaluation,
    e.run_id AS run,
    r.name,
    r.model,
    r.layers,
    r.rank,
    r.test_set_name,
    e.dataset,
    e.images,
    e.patients,
    r.accuracy,
    e.accuracy AS external_accuracy,
    t.sensitivity,
    e.sensitivity AS external_sensitivity,
    t.specificity,
    e.specificity AS external_specificity,
    r.auc,
    e.auc AS external_auc,
    p.prevalence AS external_prevalence,
    p.mean_probability AS external_mean_probability,
    e.threshold,
    e.shared_images,
    e.shared_patients,
    e.evaluated_at
FROM evaluations e
JOIN runs t ON t.id = e.run_id
LEFT JOIN runs_summary r ON r.run = e.run_id
LEFT JOIN (
    SELECT evaluation_id, AVG(label) AS prevalence, AVG(probability) AS mean_probability
    FROM evaluation_predictions
    GROUP BY evaluation_id
) AS p ON p.evaluation_id = e.id
ORDER BY e.id DESC;
