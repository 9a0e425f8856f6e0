//! The documented queries.

/// A query of docs/database.md.
#[derive(Clone, Copy, Debug)]
pub struct CatalogQuery {
    /// A name without spaces.
    pub name: &'static str,
    /// What it answers.
    pub title: &'static str,
    /// The statement, with `:name` for each parameter.
    pub sql: &'static str,
    /// Names of the parameters, and the values that the documentation shows.
    pub parameters: &'static [(&'static str, &'static str)],
}

/// The run whose number is asked for.
const RUN: &[(&str, &str)] = &[("run", "1")];

/// The queries in the order of the documentation.
pub const QUERIES: &[CatalogQuery] = &[
    CatalogQuery {
        name: "all_runs",
        title: "All runs, on one line each",
        sql: "select * from runs_summary",
        parameters: &[],
    },
    CatalogQuery {
        name: "accuracy_by_configuration",
        title: "Mean test accuracy of each configuration on each set of test cells",
        sql: "select s.test_set_name, s.name, count(*) as runs, avg(s.accuracy) as accuracy, min(s.accuracy) as lowest,
  max(s.accuracy) as highest
from runs_summary s join finished_runs r on r.run = s.run
group by s.test_set, s.test_set_name, s.name, r.family order by s.test_set_name, s.name",
        parameters: &[],
    },
    CatalogQuery {
        name: "trials_of_the_latest_sweep",
        title: "Trials of the most recent sweep with their runs",
        sql: "select position, label, status, run, accuracy from trials_with_runs
where sweep = (select id from sweeps order by request desc limit 1)",
        parameters: &[],
    },
    CatalogQuery {
        name: "best_by_validation",
        title: "The best validation accuracy first, within each set of test cells: the figure to choose by",
        sql: "select s.test_set_name, s.run, s.name, c.validation_accuracy, s.accuracy
from runs_summary s join learning_curves c on c.run = s.run and c.best = 1
where s.status = 'finished' order by s.test_set_name, s.test_set, c.validation_accuracy desc",
        parameters: &[],
    },
    CatalogQuery {
        name: "sets_of_test_cells",
        title: "Sets of test cells, and how many runs each has",
        sql: "select test_set_name, dataset, test_images, test_patients, finished, runs from test_sets",
        parameters: &[],
    },
    CatalogQuery {
        name: "alpha_of_runs",
        title: "A setting that is no column: the adapters' alpha of each run",
        sql: "select s.run, s.name, r.config -> 'adapter' ->> 'alpha' as alpha, s.accuracy
from runs_summary s join runs r on r.id = s.run",
        parameters: &[],
    },
    CatalogQuery {
        name: "three_best_runs",
        title: "The three best runs of each set of test cells",
        sql: "select test_set, place, run, model, layers, rank, split, fold, seed, accuracy, auc, trainable_parameters
from leaderboard where place <= 3",
        parameters: &[],
    },
    CatalogQuery {
        name: "progress_of_sweeps",
        title: "Progress of the sweeps",
        sql: "select sweep, name, finished, trials, failed, best_accuracy from sweep_progress",
        parameters: &[],
    },
    CatalogQuery {
        name: "failures_of_the_latest_sweep",
        title: "Failures of the most recent sweep",
        sql: "select position, label, failure from trial_states
where status = 'failed' and sweep = (select id from sweeps order by request desc limit 1)",
        parameters: &[],
    },
    CatalogQuery {
        name: "accuracy_by_rank",
        title: "Accuracy and its spread over seeds by rank",
        sql: "select model, layers, rank, runs, accuracy, accuracy_sd, trainable_parameters from rank_comparison",
        parameters: &[],
    },
    CatalogQuery {
        name: "layers_at_rank_5",
        title: "Layers by their accuracy at rank 5",
        sql: "select layers, runs, accuracy, accuracy_sd, adapter_parameters from layer_comparison where ranks = '5'",
        parameters: &[],
    },
    CatalogQuery {
        name: "gain_per_thousand_parameters",
        title: "Accuracy gained per thousand adapter parameters over the smallest rank of the same layers",
        sql: "select r.layers, r.rank, r.accuracy - s.accuracy as gain,
  1000 * (r.accuracy - s.accuracy) / (r.adapter_parameters - s.adapter_parameters) as gain_per_thousand
from repeats r join repeats s
  on s.layers = r.layers and s.preset = r.preset and s.image_set_hash = r.image_set_hash and s.split = r.split
    and s.epochs = r.epochs
where r.adapter_parameters > s.adapter_parameters
  and s.rank = (select min(rank) from repeats m where m.layers = r.layers and m.image_set_hash = r.image_set_hash)",
        parameters: &[],
    },
    CatalogQuery {
        name: "patients_on_both_sides",
        title: "Patients and test images that are on both sides of each split",
        sql: "select distinct dataset, split, split_seed, fold, test_patients, shared_patients, test_images, shared_test_images
from runs",
        parameters: &[],
    },
    CatalogQuery {
        name: "learning_curve",
        title: "Learning curve of a run",
        sql: "select epoch, train_loss, validation_loss, train_accuracy, validation_accuracy, best from learning_curves
where run = :run",
        parameters: RUN,
    },
    CatalogQuery {
        name: "surest_mistakes",
        title: "The surest mistakes of a run",
        sql: "select image, patient, actual, predicted, confidence from test_errors where run = :run limit 20",
        parameters: RUN,
    },
    CatalogQuery {
        name: "cells_that_most_runs_call_wrongly",
        title: "Cells that most runs call wrongly",
        sql: "select image, actual, count(*) as runs from test_errors group by image, actual order by runs desc, image limit 20",
        parameters: &[],
    },
    CatalogQuery {
        name: "patients_with_most_errors",
        title: "Patients with the most errors of a run",
        sql: "select patient, images, errors, error_rate from patient_errors where run = :run order by error_rate desc, images desc",
        parameters: RUN,
    },
    CatalogQuery {
        name: "threshold_at_95_percent_specificity",
        title: "Lowest threshold at which a run calls at least 95 % of the negative validation images negative, and its sensitivity on the test images",
        sql: "with negatives as (select probability from validation_predictions where run_id = :run and label = 0),
threshold as (
  select coalesce(min(p.probability), 1) as value from validation_predictions p where p.run_id = :run
    and (select avg(case when n.probability < p.probability then 1.0 else 0.0 end) from negatives n) >= 0.95
)
select value as threshold,
  (select avg(case when probability >= value then 1.0 else 0.0 end) from predictions where run_id = :run and label = 1)
    as sensitivity
from threshold",
        parameters: RUN,
    },
    CatalogQuery {
        name: "cells_that_only_one_of_two_runs_calls_rightly",
        title: "Cells that only one of two runs on the same test cells calls rightly, as McNemar's test counts them",
        sql: "select count(*) as cells,
  sum(case when (a.label = 1) = (a.probability >= 0.5) and (b.label = 1) <> (b.probability >= 0.5) then 1 else 0 end)
    as only_run_1_right,
  sum(case when (a.label = 1) <> (a.probability >= 0.5) and (b.label = 1) = (b.probability >= 0.5) then 1 else 0 end)
    as only_run_4_right
from predictions a join predictions b on b.image = a.image
where a.run_id = :run and b.run_id = :other",
        parameters: &[("run", "1"), ("other", "4")],
    },
    CatalogQuery {
        name: "time_and_memory",
        title: "Time and memory by model",
        sql: "select model, layers, count(*) as runs, avg(train_seconds) / 60 as train_minutes,
  avg(images_per_second) as images_per_second, max(peak_memory_bytes) / 1048576 as peak_mebibytes
from finished_runs group by model, layers",
        parameters: &[],
    },
    CatalogQuery {
        name: "loss_of_a_run",
        title: "Loss of a run, every hundred steps",
        sql: "select step / 100 as hundred, avg(value) as loss from step_metrics
where run_id = :run and metric = 'loss' group by step / 100 order by hundred",
        parameters: RUN,
    },
    CatalogQuery {
        name: "hosts_and_sources",
        title: "Host, device and sources of each run",
        sql: "select id, status, started_at, host, device, version, git_commit, git_dirty from runs order by id",
        parameters: &[],
    },
];
