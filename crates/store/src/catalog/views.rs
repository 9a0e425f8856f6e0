//! The views.

use super::column::{boolean, integer, real, text};
use super::relation::{Relation, RelationKind};

const fn view(name: &'static str, description: &'static str, names: &'static str) -> Relation {
    Relation { name, kind: RelationKind::View, description, names, own: &[] }
}

/// The views in the order of the documentation.
pub(super) const VIEWS: [Relation; 14] = [
    view(
        "runs_summary",
        "Every run in one short row, also those without a result. Runs on the same test cells stand together.",
        "run name test_set_name model layers rank split seed accuracy auc trainable_parameters minutes status test_set",
    ),
    Relation {
        own: &[integer("runs", "Number of runs with this configuration hash.")],
        ..view(
            "trials_with_runs",
            "Every trial of every sweep with the run that represents it: its newest finished run, else its newest run.",
            "sweep sweep_name position label status run name test_set_name model layers rank split seed accuracy auc
            trainable_parameters minutes runs failure config_hash test_set",
        )
    },
    Relation {
        own: &[integer("finished", "Number of finished runs.")],
        ..view(
            "test_sets",
            "Sets of test cells: figures are comparable within one of them only.",
            "test_set test_set_name split split_seed fold dataset synthetic test_images test_patients runs finished
            image_set_hash split_hash",
        )
    },
    Relation {
        own: &[
            integer("evaluation", "Number of the evaluation."),
            integer("images", "Images that were evaluated."),
            integer("patients", "Groups of these images."),
            real("external_accuracy", "Accuracy on these images, at a threshold of one half."),
            real("external_sensitivity", "Sensitivity on these images, at a threshold of one half."),
            real("external_specificity", "Specificity on these images, at a threshold of one half."),
            real("external_auc", "Area under the ROC curve on these images."),
            real("external_prevalence", "Share of positive images."),
            real("external_mean_probability", "Mean probability of the positive class."),
        ],
        ..view(
            "external_validation",
            "Evaluations beside the test figures of their runs, the newest first.",
            "evaluation run name model layers rank test_set_name dataset images patients accuracy external_accuracy sensitivity
            external_sensitivity specificity external_specificity auc external_auc external_prevalence
            external_mean_probability threshold shared_images shared_patients evaluated_at",
        )
    },
    Relation {
        own: &[
            integer("place", "Position among the runs on the same test cells; 1 has the highest accuracy."),
            integer("runs_on_test_set", "Number of finished runs on these test cells."),
        ],
        ..view(
            "leaderboard",
            "Finished runs, each with its position among the runs on the same test cells.",
            "place run model layers rank ranks preset split split_seed fold dataset synthetic test_images epochs seed
            accuracy sensitivity specificity f1 auc trainable_parameters minutes test_set runs_on_test_set name
            test_set_name",
        )
    },
    Relation {
        own: &[integer("id", "Number of the run.")],
        ..view(
            "finished_runs",
            "Runs that comparisons count: the newest finished run of each configuration, with all columns of `runs`.",
            "id status failure started_at ended_at heartbeat_at family config_hash config label model layers rank ranks
            preset optimizer learning_rate epochs batch_size seed dataset synthetic images duplicate_images
            unreadable_images image_size resize image_set_hash split fold split_seed split_hash train_images
            validation_images test_images train_patients test_patients shared_patients shared_test_images weights
            weights_hash device host process git_commit git_dirty version trainable_parameters frozen_parameters
            adapter_parameters select_by best_epoch model_hash feature_seconds train_seconds test_seconds
            images_per_second peak_memory_bytes test_loss test_accuracy sensitivity specificity precision f1 auc
            true_positives false_negatives false_positives true_negatives owner lease_expires_at process_started
            interruptions diverged_epoch diverged_step identity_version contradicting_images skipped_files run accuracy",
        )
    },
    Relation {
        own: &[
            real("accuracy_variance", "Variance of `accuracy` over repeats; NULL for a single run."),
            real("sensitivity_variance", "Variance of `sensitivity` over repeats; NULL for a single run."),
            real("specificity_variance", "Variance of `specificity` over repeats; NULL for a single run."),
            real("f1_variance", "Variance of `f1` over repeats; NULL for a single run."),
            real("auc_variance", "Variance of `auc` over repeats; NULL for a single run."),
        ],
        ..view(
            "repeats",
            "Repeats of one configuration on the same images, with the means of their figures and their spread.",
            "model layers rank ranks preset split dataset synthetic images epochs optimizer learning_rate runs seeds
            splits accuracy sensitivity specificity f1 auc accuracy_variance sensitivity_variance specificity_variance
            f1_variance auc_variance adapter_parameters trainable_parameters frozen_parameters minutes family
            image_set_hash accuracy_sd sensitivity_sd specificity_sd f1_sd auc_sd",
        )
    },
    view(
        "rank_comparison",
        "Repeats with rank beside rank, models without adapters included.",
        "model layers rank ranks preset split dataset synthetic images epochs optimizer learning_rate runs seeds splits
        accuracy accuracy_sd sensitivity sensitivity_sd specificity specificity_sd f1 f1_sd auc auc_sd
        trainable_parameters minutes name",
    ),
    view(
        "layer_comparison",
        "Repeats with adapters, layer choice beside layer choice at the same ranks.",
        "layers model ranks preset split dataset synthetic images epochs runs accuracy accuracy_sd f1 f1_sd auc auc_sd
        adapter_parameters trainable_parameters frozen_parameters minutes rank name",
    ),
    view(
        "trial_states",
        "The short form of `trials_with_runs`, in no order.",
        "sweep position label status run accuracy failure config_hash",
    ),
    Relation {
        own: &[
            text("name", "Name of the sweep."),
            integer("finished", "Trials that are finished."),
            integer("running", "Trials that are running."),
            integer("failed", "Trials that failed."),
            integer("diverged", "Trials that diverged."),
            integer("interrupted", "Trials that were interrupted."),
            integer("planned", "Trials that have not begun."),
            real("best_accuracy", "Highest test accuracy; NULL where the trials were tested on different cells."),
        ],
        ..view(
            "sweep_progress",
            "How far each sweep is; the sweep with the newest request comes first.",
            "sweep name trials finished running failed diverged interrupted planned best_accuracy requested_at command
            sweep_name",
        )
    },
    Relation {
        own: &[
            real("train_loss", "Cross-entropy on the training images."),
            real("validation_loss", "Cross-entropy on the validation images."),
            real("train_accuracy", "Accuracy on the training images."),
            real("validation_accuracy", "Accuracy on the validation images."),
            real("seconds", "Seconds of the epoch."),
            boolean("best", "Whether the weights of this epoch were kept."),
        ],
        ..view(
            "learning_curves",
            "Learning curves: a row is an epoch of a run.",
            "run label epoch train_loss validation_loss train_accuracy validation_accuracy seconds images_per_second
            best",
        )
    },
    Relation {
        own: &[
            text("actual", "True class: `positive` or `negative`."),
            text("predicted", "Predicted class: `positive` or `negative`."),
            real("confidence", "Predicted probability of the wrong class."),
        ],
        ..view(
            "test_errors",
            "Test cells that a run calls wrongly, the surest mistakes first.",
            "run image patient actual predicted probability confidence",
        )
    },
    Relation {
        own: &[
            integer("images", "Test images of the patient."),
            integer("errors", "Test images of the patient that the run calls wrongly."),
            real("error_rate", "Share of the patient's test images that the run calls wrongly."),
        ],
        ..view(
            "patient_errors",
            "Test cells that a run calls wrongly, counted per run and patient.",
            "run patient images errors false_negatives false_positives error_rate",
        )
    },
];
