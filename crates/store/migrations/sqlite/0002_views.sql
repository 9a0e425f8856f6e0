-- The views for people. docs/database.md documents each of them.

-- The newest finished run of each configuration: what the comparisons count.
CREATE VIEW finished_runs AS
SELECT r.*
FROM runs r
WHERE r.status = 'finished'
    AND NOT EXISTS (
        SELECT 1 FROM runs newer
        WHERE newer.config_hash = r.config_hash AND newer.status = 'finished' AND newer.id > r.id
    );

CREATE VIEW leaderboard AS
SELECT
    r.id AS run,
    r.model,
    r.layers,
    r.ranks,
    r.preset,
    r.split,
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
    (r.feature_seconds + r.train_seconds + r.test_seconds) / 60 AS minutes
FROM runs r
WHERE r.status = 'finished'
ORDER BY r.test_accuracy DESC, r.auc DESC, r.trainable_parameters, r.id;

-- One row per set of repeats: finished runs on the same images that differ in seeds or fold only.
-- SQLite is built without sqrt(); sixty turns of Newton's method from 1 give every digit of the root
-- of a variance between 1e-24 and 1. Smaller ones are rounding.
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
    CASE WHEN accuracy_variance < 1e-24 THEN 0.0 WHEN accuracy_variance IS NOT NULL THEN (
        WITH RECURSIVE newton (root, turn) AS (
            SELECT 1.0, 0 UNION ALL
            SELECT (root + v.accuracy_variance / root) / 2, turn + 1 FROM newton WHERE turn < 60
        ) SELECT root FROM newton WHERE turn = 60
    ) END AS accuracy_sd,
    CASE WHEN sensitivity_variance < 1e-24 THEN 0.0 WHEN sensitivity_variance IS NOT NULL THEN (
        WITH RECURSIVE newton (root, turn) AS (
            SELECT 1.0, 0 UNION ALL
            SELECT (root + v.sensitivity_variance / root) / 2, turn + 1 FROM newton WHERE turn < 60
        ) SELECT root FROM newton WHERE turn = 60
    ) END AS sensitivity_sd,
    CASE WHEN specificity_variance < 1e-24 THEN 0.0 WHEN specificity_variance IS NOT NULL THEN (
        WITH RECURSIVE newton (root, turn) AS (
            SELECT 1.0, 0 UNION ALL
            SELECT (root + v.specificity_variance / root) / 2, turn + 1 FROM newton WHERE turn < 60
        ) SELECT root FROM newton WHERE turn = 60
    ) END AS specificity_sd,
    CASE WHEN f1_variance < 1e-24 THEN 0.0 WHEN f1_variance IS NOT NULL THEN (
        WITH RECURSIVE newton (root, turn) AS (
            SELECT 1.0, 0 UNION ALL
            SELECT (root + v.f1_variance / root) / 2, turn + 1 FROM newton WHERE turn < 60
        ) SELECT root FROM newton WHERE turn = 60
    ) END AS f1_sd,
    CASE WHEN auc_variance < 1e-24 THEN 0.0 WHEN auc_variance IS NOT NULL THEN (
        WITH RECURSIVE newton (root, turn) AS (
            SELECT 1.0, 0 UNION ALL
            SELECT (root + v.auc_variance / root) / 2, turn + 1 FROM newton WHERE turn < 60
        ) SELECT root FROM newton WHERE turn = 60
    ) END AS auc_sd
FROM variances v;

CREATE VIEW rank_comparison AS
SELECT
    model, layers, rank, ranks, preset, split, dataset, synthetic, images, epochs, optimizer, learning_rate,
    runs, seeds, splits,
    accuracy, accuracy_sd, sensitivity, sensitivity_sd, specificity, specificity_sd, f1, f1_sd, auc, auc_sd,
    trainable_parameters, minutes
FROM repeats
ORDER BY dataset, images, split, epochs, model, layers, preset, rank, ranks, accuracy DESC;

CREATE VIEW layer_comparison AS
SELECT
    layers, model, ranks, preset, split, dataset, synthetic, images, epochs, runs,
    accuracy, accuracy_sd, f1, f1_sd, auc, auc_sd,
    adapter_parameters, trainable_parameters, frozen_parameters, minutes
FROM repeats
WHERE layers IS NOT NULL
ORDER BY dataset, images, split, epochs, model, rank, ranks, preset, accuracy DESC, layers;

-- Each planned trial with the run that stands for it: its newest finished run, else its newest run.
CREATE VIEW trial_states AS
SELECT
    t.sweep_id AS sweep,
    t.position,
    t.label,
    COALESCE(r.status, 'planned') AS status,
    r.id AS run,
    r.test_accuracy AS accuracy,
    r.failure,
    t.config_hash
FROM trials t
LEFT JOIN runs r ON r.id = (
    SELECT candidate.id FROM runs candidate
    WHERE candidate.config_hash = t.config_hash
    ORDER BY CASE candidate.status WHEN 'finished' THEN 0 ELSE 1 END, candidate.id DESC
    LIMIT 1
);

CREATE VIEW sweep_progress AS
SELECT
    s.id AS sweep,
    s.name,
    COUNT(t.position) AS trials,
    SUM(CASE WHEN t.status = 'finished' THEN 1 ELSE 0 END) AS finished,
    SUM(CASE WHEN t.status = 'running' THEN 1 ELSE 0 END) AS running,
    SUM(CASE WHEN t.status = 'failed' THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN t.status = 'interrupted' THEN 1 ELSE 0 END) AS interrupted,
    SUM(CASE WHEN t.status = 'planned' THEN 1 ELSE 0 END) AS planned,
    MAX(t.accuracy) AS best_accuracy,
    s.requested_at,
    s.command
FROM sweeps s
LEFT JOIN trial_states t ON t.sweep = s.id
GROUP BY s.id, s.name, s.requested_at, s.command
ORDER BY s.requested_at DESC, s.id DESC;

CREATE VIEW learning_curves AS
SELECT
    r.id AS run,
    r.label,
    e.epoch,
    MAX(CASE WHEN e.metric = 'train_loss' THEN e.value END) AS train_loss,
    MAX(CASE WHEN e.metric = 'validation_loss' THEN e.value END) AS validation_loss,
    MAX(CASE WHEN e.metric = 'train_accuracy' THEN e.value END) AS train_accuracy,
    MAX(CASE WHEN e.metric = 'validation_accuracy' THEN e.value END) AS validation_accuracy,
    MAX(CASE WHEN e.metric = 'seconds' THEN e.value END) AS seconds,
    MAX(CASE WHEN e.metric = 'images_per_second' THEN e.value END) AS images_per_second,
    CASE WHEN e.epoch = r.best_epoch THEN 1 ELSE 0 END AS best
FROM epoch_metrics e
JOIN runs r ON r.id = e.run_id
GROUP BY r.id, r.label, e.epoch, r.best_epoch
ORDER BY r.id, e.epoch;

-- A probability of one half counts as parasitized, as in training; one that is not a number as
-- uninfected.
CREATE VIEW test_errors AS
SELECT
    p.run_id AS run,
    p.image,
    p.patient,
    CASE p.label WHEN 1 THEN 'parasitized' ELSE 'uninfected' END AS actual,
    CASE p.label WHEN 1 THEN 'uninfected' ELSE 'parasitized' END AS predicted,
    p.probability,
    CASE p.label WHEN 1 THEN 1 - COALESCE(p.probability, 0) ELSE p.probability END AS confidence
FROM predictions p
WHERE (p.label = 1) <> (COALESCE(p.probability, 0) >= 0.5)
ORDER BY p.run_id, confidence DESC, p.image;

CREATE VIEW patient_errors AS
SELECT
    p.run_id AS run,
    p.patient,
    COUNT(*) AS images,
    SUM(CASE WHEN (p.label = 1) = (COALESCE(p.probability, 0) >= 0.5) THEN 0 ELSE 1 END) AS errors,
    SUM(CASE WHEN p.label = 1 AND COALESCE(p.probability, 0) < 0.5 THEN 1 ELSE 0 END) AS false_negatives,
    SUM(CASE WHEN p.label = 0 AND p.probability >= 0.5 THEN 1 ELSE 0 END) AS false_positives,
    1.0 * SUM(CASE WHEN (p.label = 1) = (COALESCE(p.probability, 0) >= 0.5) THEN 0 ELSE 1 END) / COUNT(*) AS error_rate
FROM predictions p
GROUP BY p.run_id, p.patient
ORDER BY p.run_id, errors DESC, p.patient;
