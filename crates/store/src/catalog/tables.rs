//! The tables.

use super::column::{integer, real, text};
use super::relation::{Relation, RelationKind};

const fn table(name: &'static str, description: &'static str, names: &'static str) -> Relation {
    Relation { name, kind: RelationKind::Table, description, names, own: &[] }
}

/// A class as a number, in predictions.
const LABEL: super::column::CatalogColumn = integer("label", "True class: 1 is positive, 0 is negative.");

/// The tables in the order of the documentation.
pub(super) const TABLES: [Relation; 14] = [
    Relation {
        own: &[
            integer("id", "Number of the sweep."),
            text("name", "Name of the sweep in its newest request."),
            text("plan_hash", "Hash of all planned trials; a request with the same plan is the same sweep."),
            text("created_at", "Time of the first request, RFC 3339 in UTC."),
            integer("request", "Counter over all sweeps; the highest one was requested last."),
            text("analysis_plan", "Analysis plan of the first request as canonical JSON."),
            text("analysis_plan_hash", "SHA-256 of the analysis plan."),
        ],
        ..table(
            "sweeps",
            "Sweeps: a row is a sweep.",
            "id name command plan_hash created_at requested_at request analysis_plan analysis_plan_hash",
        )
    },
    table(
        "trials",
        "Planned trials: a row is a trial of a sweep. `config_hash` ties it to its runs.",
        "sweep_id position label config_hash config",
    ),
    Relation {
        own: &[
            integer("id", "Number of the run."),
            text("status", "State of the run; the table `statuses` explains each."),
        ],
        ..table(
            "runs",
            "Runs: a row is one training, with all that is needed to repeat it and what it resulted in.",
            "id status failure started_at ended_at heartbeat_at family config_hash config label model layers rank ranks
            preset optimizer learning_rate epochs batch_size seed dataset synthetic images duplicate_images
            unreadable_images image_size resize image_set_hash split fold split_seed split_hash train_images
            validation_images test_images train_patients test_patients shared_patients shared_test_images weights
            weights_hash device host process git_commit git_dirty version trainable_parameters frozen_parameters
            adapter_parameters select_by best_epoch model_hash feature_seconds train_seconds test_seconds
            images_per_second peak_memory_bytes test_loss test_accuracy sensitivity specificity precision f1 auc
            true_positives false_negatives false_positives true_negatives owner lease_expires_at process_started
            interruptions diverged_epoch diverged_step identity_version contradicting_images skipped_files",
        )
    },
    Relation {
        own: &[
            integer("step", "Step, from 1, over all epochs."),
            text("metric", "Name of the figure: `loss` or `accuracy`."),
        ],
        ..table("step_metrics", "Figures of single training steps.", "run_id step epoch metric value")
    },
    table("epoch_metrics", "Figures of single epochs; the view `learning_curves` has a column for each.", "run_id epoch metric value"),
    Relation {
        own: &[LABEL],
        ..table("predictions", "Predictions: a row is one test image of a run.", "run_id image patient label probability")
    },
    Relation {
        own: &[LABEL],
        ..table(
            "validation_predictions",
            "Predictions of validation images in the epoch whose weights were kept: the images on which thresholds may be chosen.",
            "run_id image patient label probability",
        )
    },
    Relation {
        own: &[
            integer("id", "Number of the evaluation."),
            integer("images", "Images that were evaluated."),
            integer("patients", "Groups of these images."),
            real("loss", "Cross-entropy on these images."),
            text("positive", "Name of the positive class."),
            text("negative", "Name of the negative class."),
            text("group_rule", "Rule that finds the group of an image."),
            text("audit_problem", "Why it is not known what of the images the run has seen."),
            integer("threshold_images", "Validation images that the threshold was chosen on; NULL for the default."),
        ],
        ..table(
            "evaluations",
            "Evaluations: a row is a run on images that it was not tested on. Figures but the AUC hold at one half.",
            "id run_id evaluated_at dataset positive negative group_rule synthetic images patients image_set_hash
            shared_images shared_patients audit_problem threshold threshold_images device version git_commit git_dirty
            loss accuracy sensitivity specificity precision f1 auc true_positives false_negatives false_positives
            true_negatives",
        )
    },
    Relation {
        own: &[LABEL, integer("evaluation_id", "Number of the evaluation.")],
        ..table(
            "evaluation_predictions",
            "Predictions: a row is one image of an evaluation.",
            "evaluation_id image patient label probability",
        )
    },
    Relation {
        own: &[
            text("kind", "What the file is."),
            text("path", "Path of the file in the runs folder."),
            text("sha256", "SHA-256 of the file."),
            integer("bytes", "Size of the file in bytes."),
        ],
        ..table("artifacts", "Files that runs left behind.", "run_id kind path sha256 bytes")
    },
    Relation {
        own: &[
            integer("id", "Number of the change."),
            text("changed_at", "Time of the request, RFC 3339 in UTC."),
            text("old_plan", "Analysis plan before, as JSON; NULL where the sweep has none."),
            text("old_plan_hash", "Hash of the analysis plan before."),
            text("new_plan", "Requested analysis plan, as JSON."),
            text("new_plan_hash", "Hash of the requested analysis plan."),
        ],
        ..table(
            "plan_changes",
            "Changes of analysis plans: a row is a request of a sweep with another plan than the request before.",
            "id sweep_id changed_at old_plan old_plan_hash new_plan new_plan_hash",
        )
    },
    Relation {
        own: &[
            integer("id", "Number of the look."),
            text("looked_at", "Time of the report, RFC 3339 in UTC."),
            integer("finished", "Finished runs that the report showed."),
            text("runs", "Numbers of these runs as a JSON list."),
            text("options", "How the report compared, as JSON."),
        ],
        ..table(
            "looks",
            "Looks at results: a row is a report of a sweep.",
            "id sweep_id looked_at finished trials runs options",
        )
    },
    Relation {
        own: &[text("status", "A status that a run may have."), text("meaning", "What it means.")],
        ..table("statuses", "Statuses that a run may have, with their meaning.", "status meaning")
    },
    Relation {
        own: &[
            integer("position", "Always 1: there is one row."),
            text("id", "Random id of this database, which copies of it keep."),
        ],
        ..table("database_identity", "The identity of this database, in one row.", "position id")
    },
];
