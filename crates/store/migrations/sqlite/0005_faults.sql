-- The order of requests by a counter, the identity of a database, and which images a run did not use and why.

-- Counts requests over all sweeps: the sweep with the highest one was requested last, whatever the clock said.
ALTER TABLE sweeps ADD COLUMN request INTEGER NOT NULL DEFAULT 0 CHECK (request >= 0);
UPDATE sweeps
SET request = (
    SELECT COUNT(*) FROM sweeps earlier
    WHERE (earlier.requested_at, earlier.id) <= (sweeps.requested_at, sweeps.id)
);

-- One row: which database this is. Copies of a database have its id; its run folders hold it in a file.
CREATE TABLE database_identity (
    position INTEGER PRIMARY KEY CHECK (position = 1),
    id TEXT NOT NULL CHECK (id <> '')
) STRICT;
INSERT INTO database_identity (position, id) VALUES (1, lower(hex(randomblob(16))));

-- The definition of the configuration hash that config_hash follows.
ALTER TABLE runs ADD COLUMN identity_version INTEGER NOT NULL DEFAULT 1 CHECK (identity_version >= 1);
-- Images left out because the same bytes stand in both classes.
ALTER TABLE runs ADD COLUMN contradicting_images INTEGER NOT NULL DEFAULT 0 CHECK (contradicting_images >= 0);
-- Files among the images that were passed over for another reason than being unreadable or a duplicate.
ALTER TABLE runs ADD COLUMN skipped_files INTEGER NOT NULL DEFAULT 0 CHECK (skipped_files >= 0);

-- Figures on different test cells are never ranked against each other.

-- A set of test cells is an image set and its division, fold included. Those with the most runs come first.
DROP VIEW leaderboard;
CREATE VIEW leaderboard AS
SELECT
    place,
    run,
    model,
    layers,
    rank,
    ranks,
    preset,
    split,
    split_seed,
    fold,
    dataset,
    synthetic,
    test_images,
    epochs,
    seed,
    accuracy,
    sensitivity,
    specificity,
    f1,
    auc,
    trainable_parameters,
    minutes,
    test_set,
    runs_on_test_set
FROM (
    SELECT
        RANK() OVER (
            PARTITION BY r.image_set_hash, r.split_hash
            ORDER BY r.test_accuracy DESC, r.auc DESC, r.trainable_parameters
        ) AS place,
        r.id AS run,
        r.model,
        r.layers,
        r.rank,
        r.ranks,
        r.preset,
        r.split,
        r.split_seed,
        r.fold,
        r.dataset,
        r.synthetic,
        r.test_images,
        r.epochs,
        r.seed,
        r.test_accuracy AS accuracy,
        r.sensitivity,
        r.specificity,
        r.f1,
        r.auc,
        r.trainable_parameters,
        (r.feature_seconds + r.train_seconds + r.test_seconds) / 60 AS minutes,
        substr(r.image_set_hash, 1, 8) || '-' || substr(r.split_hash, 1, 8) AS test_set,
        COUNT(*) OVER (PARTITION BY r.image_set_hash, r.split_hash) AS runs_on_test_set,
        r.image_set_hash,
        r.split_hash
    FROM runs r
    WHERE r.status = 'finished'
)
ORDER BY runs_on_test_set DESC, image_set_hash, split_hash, place, run;

-- The best accuracy of a sweep whose trials were all tested on the same cells; NULL where they were not.
DROP VIEW sweep_progress;
CREATE VIEW sweep_progress AS
SELECT
    s.id AS sweep,
    s.name,
    COUNT(t.position) AS trials,
    SUM(CASE WHEN t.status = 'finished' THEN 1 ELSE 0 END) AS finished,
    SUM(CASE WHEN t.status = 'running' THEN 1 ELSE 0 END) AS running,
    SUM(CASE WHEN t.status = 'failed' THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN t.status = 'diverged' THEN 1 ELSE 0 END) AS diverged,
    SUM(CASE WHEN t.status = 'interrupted' THEN 1 ELSE 0 END) AS interrupted,
    SUM(CASE WHEN t.status = 'planned' THEN 1 ELSE 0 END) AS planned,
    CASE
        WHEN COUNT(DISTINCT CASE WHEN t.status = 'finished' THEN r.image_set_hash || '/' || r.split_hash END) = 1
        THEN MAX(t.accuracy)
    END AS best_accuracy,
    s.requested_at,
    s.command
FROM sweeps s
LEFT JOIN trial_states t ON t.sweep = s.id
LEFT JOIN runs r ON r.id = t.run
GROUP BY s.id, s.name, s.request, s.requested_at, s.command
ORDER BY s.request DESC, s.id DESC;
