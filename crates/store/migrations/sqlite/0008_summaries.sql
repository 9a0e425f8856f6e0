-- Views for analysts: each run in one short row, sets of test cells in words, trials with their runs. The same thing has
-- the same name in all of them. A view keeps its columns and their order; what is added comes last.

-- One row per set of test cells: an image set and its division, fold included. Where the words of two sets are the same,
-- the set's id follows.
CREATE VIEW test_sets AS
SELECT
    test_set,
    CASE WHEN sets_of_these_words = 1 THEN words ELSE words || ' (' || test_set || ')' END AS test_set_name,
    split,
    split_seed,
    fold,
    dataset,
    synthetic,
    test_images,
    test_patients,
    runs,
    finished,
    image_set_hash,
    split_hash
FROM (
    SELECT
        substr(image_set_hash, 1, 8) || '-' || substr(split_hash, 1, 8) AS test_set,
        words,
        COUNT(*) OVER (PARTITION BY words) AS sets_of_these_words,
        split,
        split_seed,
        fold,
        dataset,
        synthetic,
        test_images,
        test_patients,
        runs,
        finished,
        image_set_hash,
        split_hash
    FROM (
        SELECT
            MIN(split) || ' split, split seed ' || MIN(split_seed) || COALESCE(', fold ' || MIN(fold), '') AS words,
            MIN(split) AS split,
            MIN(split_seed) AS split_seed,
            MIN(fold) AS fold,
            MIN(dataset) AS dataset,
            MIN(synthetic) AS synthetic,
            MIN(test_images) AS test_images,
            MIN(test_patients) AS test_patients,
            COUNT(*) AS runs,
            SUM(CASE WHEN status = 'finished' THEN 1 ELSE 0 END) AS finished,
            image_set_hash,
            split_hash
        FROM runs
        GROUP BY image_set_hash, split_hash
    ) AS divisions
) AS named
ORDER BY finished DESC, image_set_hash, split_hash;

-- Every run, also those without a result. Sets of test cells with the most finished runs come first; within a set the
-- order is that of the leaderboard, then runs without a result. Windows instead of a join with test_sets: SQLite would
-- look through all sets for each run.
CREATE VIEW runs_summary AS
SELECT
    run,
    name,
    CASE
        WHEN MIN(test_set) OVER same_words = MAX(test_set) OVER same_words THEN words
        ELSE words || ' (' || test_set || ')'
    END AS test_set_name,
    model,
    layers,
    rank,
    split,
    seed,
    accuracy,
    auc,
    trainable_parameters,
    minutes,
    status,
    test_set
FROM (
    SELECT
        id AS run,
        model || COALESCE(' · ' || layers, '') || COALESCE(' · rank ' || ranks, '') AS name,
        MIN(split) OVER same_cells || ' split, split seed ' || MIN(split_seed) OVER same_cells
            || COALESCE(', fold ' || MIN(fold) OVER same_cells, '') AS words,
        SUM(CASE WHEN status = 'finished' THEN 1 ELSE 0 END) OVER same_cells AS finished,
        substr(image_set_hash, 1, 8) || '-' || substr(split_hash, 1, 8) AS test_set,
        model,
        layers,
        rank,
        split,
        seed,
        test_accuracy AS accuracy,
        auc,
        trainable_parameters,
        (feature_seconds + train_seconds + test_seconds) / 60 AS minutes,
        status,
        image_set_hash,
        split_hash
    FROM runs
    WINDOW same_cells AS (PARTITION BY image_set_hash, split_hash)
) AS tested
WINDOW same_words AS (PARTITION BY words)
ORDER BY
    finished DESC,
    image_set_hash,
    split_hash,
    CASE status WHEN 'finished' THEN 0 ELSE 1 END,
    accuracy DESC,
    auc DESC,
    trainable_parameters,
    run;

-- Each planned trial, also one without a run, and the run that stands for it as in trial_states.
CREATE VIEW trials_with_runs AS
SELECT
    t.sweep,
    s.name AS sweep_name,
    t.position,
    t.label,
    t.status,
    t.run,
    r.name,
    r.test_set_name,
    r.model,
    r.layers,
    r.rank,
    r.split,
    r.seed,
    r.accuracy,
    r.auc,
    r.trainable_parameters,
    r.minutes,
    (SELECT COUNT(*) FROM runs other WHERE other.config_hash = t.config_hash) AS runs,
    t.failure,
    t.config_hash,
    r.test_set
FROM trial_states t
JOIN sweeps s ON s.id = t.sweep
LEFT JOIN runs_summary r ON r.run = t.run
ORDER BY s.request DESC, s.id DESC, t.position;

-- The columns of runs, and of them under the names that the other views have.
DROP VIEW finished_runs;
CREATE VIEW finished_runs AS
SELECT
    r.*,
    r.id AS run,
    r.test_accuracy AS accuracy
FROM runs r
WHERE r.status = 'finished'
    AND NOT EXISTS (
        SELECT 1 FROM runs newer
        WHERE newer.config_hash = r.config_hash AND newer.status = 'finished' AND newer.id > r.id
    );

-- With the names of configuration and test set.
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
    runs_on_test_set,
    name,
    test_set_name
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
        s.test_set,
        COUNT(*) OVER (PARTITION BY r.image_set_hash, r.split_hash) AS runs_on_test_set,
        s.name,
        s.test_set_name,
        r.image_set_hash,
        r.split_hash
    FROM runs r
    LEFT JOIN runs_summary s ON s.run = r.id
    WHERE r.status = 'finished'
) AS ranked
ORDER BY runs_on_test_set DESC, image_set_hash, split_hash, place, run;

-- With the name of the configuration.
DROP VIEW rank_comparison;
CREATE VIEW rank_comparison AS
SELECT
    model, layers, rank, ranks, preset, split, dataset, synthetic, images, epochs, optimizer, learning_rate,
    runs, seeds, splits,
    accuracy, accuracy_sd, sensitivity, sensitivity_sd, specificity, specificity_sd, f1, f1_sd, auc, auc_sd,
    trainable_parameters, minutes,
    model || COALESCE(' · ' || layers, '') || COALESCE(' · rank ' || ranks, '') AS name
FROM repeats
ORDER BY dataset, images, split, epochs, model, layers, preset, rank, ranks, accuracy DESC;

-- With the name of the configuration and the rank as a number.
DROP VIEW layer_comparison;
CREATE VIEW layer_comparison AS
SELECT
    layers, model, ranks, preset, split, dataset, synthetic, images, epochs, runs,
    accuracy, accuracy_sd, f1, f1_sd, auc, auc_sd,
    adapter_parameters, trainable_parameters, frozen_parameters, minutes,
    rank,
    model || COALESCE(' · ' || layers, '') || COALESCE(' · rank ' || ranks, '') AS name
FROM repeats
WHERE layers IS NOT NULL
ORDER BY dataset, images, split, epochs, model, rank, ranks, preset, accuracy DESC, layers;

-- With the name of the sweep as the view of trials has it.
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
    s.command,
    s.name AS sweep_name
FROM sweeps s
LEFT JOIN trial_states t ON t.sweep = s.id
LEFT JOIN runs r ON r.id = t.run
GROUP BY s.id, s.name, s.request, s.requested_at, s.command
ORDER BY s.request DESC, s.id DESC;
