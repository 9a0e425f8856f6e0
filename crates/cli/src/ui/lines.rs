//! The lines that a sweep logs and that stay: one for each trial that begins or ends, each epoch and each note.

use indicatif::HumanBytes;
use ranklab_sweep::SweepEvent;
use ranklab_trainer::{EpochSummary, Event};

use super::{
    layout::{line, part},
    printable::printable,
};

/// What a line is laid out for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Trials of the sweep.
    pub(crate) trials: usize,
    /// Whether several trials train together.
    pub(crate) together: bool,
    /// Columns of the line; lines of messages can be longer and are wrapped.
    pub(crate) most: usize,
}

/// The line of an event; `None` of one that only live lines show.
pub(crate) fn line_of(event: &SweepEvent, setting: Setting) -> Option<String> {
    let place = |position: &usize| format!("[{}/{}] ", position + 1, setting.trials);
    let of_trial = |position: &usize, label: &str, parts| {
        line(&place(position), &printable(label), ": ", parts, setting.most)
    };
    let message =
        |position: &usize, label: &str, text: String| Some(format!("{}{label}: {text}", place(position)));
    match event {
        SweepEvent::Planned { sweep, trials, finished } => {
            Some(format!("sweep {sweep}: {trials} trials, {finished} already finished"))
        }
        SweepEvent::TrialSkipped { position, label, run } => {
            Some(of_trial(position, label, vec![part(0, format!("already finished as run {run}"))]))
        }
        SweepEvent::TrialStarted { position, label, .. } => Some(of_trial(position, label, Vec::new())),
        SweepEvent::Notice(text) => Some(format!("note: {text}")),
        SweepEvent::Training { position, event } => {
            let trial = if setting.together { place(position) } else { String::new() };
            of_training(event, &format!("  {trial}"), setting.most)
        }
        SweepEvent::TrialFinished { position, label, run, result } => {
            let area = result.auc.map_or("-".to_owned(), |auc| format!("{auc:.4}"));
            let seconds = result.feature_seconds + result.train_seconds + result.test_seconds;
            let parts = vec![
                part(1, format!("run {run}")),
                part(0, format!("accuracy {:.4}", result.test_accuracy)),
                part(5, format!("sensitivity {:.4}", result.sensitivity)),
                part(5, format!("specificity {:.4}", result.specificity)),
                part(2, format!("AUC {area}")),
                part(4, format!("best epoch {}", result.best_epoch)),
                part(3, format!("{seconds:.0} s")),
            ];
            Some(of_trial(position, label, parts))
        }
        SweepEvent::TrialDiverged { position, label, run, reason } => {
            message(position, label, format!("run {run} DIVERGED: {reason}"))
        }
        SweepEvent::TrialInterrupted { position, label, run } => {
            message(position, label, format!("run {run} interrupted; repeat the command to resume it"))
        }
        SweepEvent::TrialFailed { position, label, reason } => {
            message(position, label, format!("FAILED: {reason}"))
        }
        // `--profile` shows it after the sweep.
        SweepEvent::DataProgress { .. } | SweepEvent::Profile(_) => None,
    }
}

fn of_training(event: &Event, head: &str, most: usize) -> Option<String> {
    match event {
        Event::Features { path: Some(_), products_of, bytes, images, reused } => {
            let what = match products_of {
                None => "trunk features".to_owned(),
                Some(layer) => format!("frozen part of {layer}"),
            };
            let from = if *reused { "read from the cache" } else { "computed and cached" };
            Some(format!("  {what} of {images} images, {}: {from}", HumanBytes(*bytes)))
        }
        Event::Features { path: None, bytes, images, .. } => Some(format!(
            "  no layer below the adapters is frozen: {images} images stay in memory, {}",
            HumanBytes(*bytes)
        )),
        Event::Epoch(epoch) => Some(of_epoch(epoch, head, most)),
        _ => None,
    }
}

fn of_epoch(epoch: &EpochSummary, head: &str, most: usize) -> String {
    let best = if epoch.best { " (best)" } else { "" };
    let parts = vec![
        part(1, format!("loss {:.4}", epoch.train_loss)),
        part(2, format!("accuracy {:.4}", epoch.train_accuracy)),
        part(3, format!("validation loss {:.4}", epoch.validation_loss)),
        part(0, format!("validation accuracy {:.4}{best}", epoch.validation_accuracy)),
        part(4, format!("{:.0} images/s", epoch.images_per_second)),
    ];
    line(&format!("{head}epoch {}", epoch.epoch), "", ": ", parts, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(most: usize) -> String {
        let epoch = EpochSummary {
            epoch: 3,
            train_loss: 0.25,
            train_accuracy: 0.9,
            validation_loss: 0.3,
            validation_accuracy: 0.875,
            train_seconds: 1.0,
            images_per_second: 1234.56,
            best: true,
        };
        let event = SweepEvent::Training { position: 1, event: Event::Epoch(epoch) };
        line_of(&event, Setting { trials: 4, together: true, most }).unwrap()
    }

    #[test]
    fn an_epoch_keeps_its_validation_accuracy_and_speed_is_a_whole_number() {
        assert_eq!(
            epoch(usize::MAX),
            "  [2/4] epoch 3: loss 0.2500, accuracy 0.9000, validation loss 0.3000, validation accuracy 0.8750 (best), 1235 images/s"
        );
        assert_eq!(epoch(79), "  [2/4] epoch 3: loss 0.2500, validation accuracy 0.8750 (best)");
        assert_eq!(epoch(50), "  [2/4] epoch 3: validation accuracy 0.8750 (best)");
    }

    #[test]
    fn a_label_is_shortened_and_a_message_is_not() {
        let setting = Setting { trials: 12, together: false, most: 30 };
        let label = "model_5 · block5 · rank 16".to_owned();
        let skipped = SweepEvent::TrialStarted { position: 8, label: label.clone(), run: 1 };
        assert_eq!(line_of(&skipped, setting).unwrap(), "[9/12] model_5…lock5 · rank 16");
        let failed = SweepEvent::TrialFailed { position: 8, label, reason: "no memory".into() };
        assert_eq!(
            line_of(&failed, setting).unwrap(),
            "[9/12] model_5 · block5 · rank 16: FAILED: no memory"
        );
    }
}
