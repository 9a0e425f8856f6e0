//! The sections of a run in words: what was trained, its data, its training and its result.

use indicatif::{HumanBytes, HumanCount};
use ranklab_settings::Nouns;
use ranklab_store::{RunResult, RunRow};

use super::settings::changed_settings;
use crate::ui::{layout::wrapped_by, printable::printable};

/// Columns of the names of fields.
const NAME: usize = 16;
/// Characters of a hash that are enough to compare it.
const HASH: usize = 12;

/// A title and fields below it, each a name and a text; empty texts are left out.
fn section(title: &str, fields: &[(&str, String)], width: usize) -> String {
    let mut text = title.to_owned();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        text += "\n";
        let line = wrapped_by(&printable(value), width.saturating_sub(NAME).max(1), 0, true);
        text +=
            &format!("  {name:<rest$}{}", line.replace('\n', &format!("\n{:NAME$}", "")), rest = NAME - 2);
    }
    text
}

/// The network and the settings that differ from the published protocol.
pub(super) fn what(run: &RunRow, width: usize) -> String {
    let start = &run.start;
    let adapters = match (&start.ranks, &start.layers, &start.preset) {
        (Some(ranks), Some(layers), Some(preset)) => {
            format!("LoRA of rank {ranks} in {layers}, preset {preset}")
        }
        _ => "classical fine-tuning".to_owned(),
    };
    let of_adapters = match start.adapter_parameters {
        0 => String::new(),
        parameters => format!(" ({} of adapters)", count(parameters)),
    };
    let parameters = format!(
        "{} trained{of_adapters}, {} frozen",
        count(start.trainable_parameters),
        count(start.frozen_parameters)
    );
    let fields = [
        ("model", format!("{}: {adapters}", start.model)),
        ("parameters", parameters),
        ("weights", format!("{}, hash {}", start.weights, short(&start.weights_hash))),
        ("changed", changed_settings(&start.config)),
        ("configuration", format!("hash {}", short(&start.config_hash))),
    ];
    section("What was trained", &fields, width)
}

/// The images and their split.
pub(super) fn data(run: &RunRow, width: usize) -> String {
    let start = &run.start;
    let left_out = [
        (start.duplicate_images, "duplicates"),
        (start.contradicting_images, "contradicting"),
        (start.unreadable_images, "unreadable"),
        (start.skipped_files, "other files"),
    ];
    let left_out = left_out.iter().filter(|(number, _)| *number > 0);
    let left_out: Vec<String> = left_out.map(|(number, why)| format!("{} {why}", count(*number))).collect();
    let fold = start.fold.map_or(String::new(), |fold| format!(", fold {fold}"));
    let leak = match start.shared_patients {
        0 => "none in both".to_owned(),
        shared => format!("{} in both, with {} test images", count(shared), count(start.shared_test_images)),
    };
    let synthetic = if start.synthetic { " (SYNTHETIC)" } else { "" };
    let groups = Nouns::of_configuration(&start.config).group.many;
    let fields = [
        (
            "dataset",
            format!("{}{}", start.dataset, if start.dataset == "synthetic" { "" } else { synthetic }),
        ),
        (
            "images",
            format!(
                "{} of {size} × {size} pixels, resized by {}",
                count(start.images),
                start.resize,
                size = start.image_size
            ),
        ),
        ("left out", left_out.join(", ")),
        (
            "split",
            format!(
                "{} with seed {}{fold}: {} training, {} validation and {} test images",
                start.split,
                start.split_seed,
                count(start.train_images),
                count(start.validation_images),
                count(start.test_images)
            ),
        ),
        (
            groups.as_str(),
            format!(
                "{} in training and validation, {} in the test; {leak}",
                count(start.train_patients),
                count(start.test_patients)
            ),
        ),
    ];
    section("Data", &fields, width)
}

/// How, when and by what the run was trained.
pub(super) fn training(run: &RunRow, width: usize) -> String {
    let start = &run.start;
    let commit = start.git_commit.as_deref().map_or(String::new(), |commit| {
        let changes = if start.git_dirty == Some(true) { " with uncommitted changes" } else { "" };
        format!(", commit {}{changes}", short(commit))
    });
    let best = run.result.as_ref().map_or(String::new(), |result| {
        format!("; epoch {} is the best by {}", result.best_epoch, start.select_by.replace('_', " "))
    });
    let time = run.result.as_ref().map_or(String::new(), |result| {
        format!(
            "{} ({} features, {} training, {} test)",
            minutes(result.feature_seconds + result.train_seconds + result.test_seconds),
            minutes(result.feature_seconds),
            minutes(result.train_seconds),
            minutes(result.test_seconds)
        )
    });
    let speed = run.result.as_ref().map_or(String::new(), |result| {
        let memory = HumanBytes(u64::try_from(result.peak_memory_bytes).unwrap_or(0));
        format!("{:.1} images/s, at most {memory} of memory", result.images_per_second)
    });
    let fields = [
        (
            "optimizer",
            format!(
                "{}, learning rate {}, batches of {}",
                start.optimizer, start.learning_rate, start.batch_size
            ),
        ),
        ("epochs", format!("{}{best}", start.epochs)),
        ("seed", start.seed.to_string()),
        ("started", moment(&run.started_at)),
        ("ended", run.ended_at.as_deref().map(moment).unwrap_or_default()),
        ("time", time),
        ("speed", speed),
        ("device", format!("{} on {}", start.device, start.host)),
        ("program", format!("ranklab {}{commit}", start.version)),
    ];
    section("Training", &fields, width)
}

/// The measures on the test images.
pub(super) fn result(run: &RunRow, result: &RunResult, width: usize) -> String {
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let fields = [
        ("accuracy", percent(result.test_accuracy)),
        ("sensitivity", percent(result.sensitivity)),
        ("specificity", percent(result.specificity)),
        ("precision", percent(result.precision)),
        ("F1", percent(result.f1)),
        (
            "AUC",
            result.auc.map_or("none: the test images are of one class".to_owned(), |auc| format!("{auc:.4}")),
        ),
        ("loss", format!("{:.4}", result.test_loss)),
        ("weights", format!("hash {}", short(&result.model_hash))),
    ];
    section(&format!("Result on {} test images", count(run.start.test_images)), &fields, width)
}

/// A number with commas between its thousands.
fn count(number: i64) -> String {
    u64::try_from(number).map_or(number.to_string(), |number| HumanCount(number).to_string())
}

/// Enough of a hash to compare it.
pub(super) fn short(hash: &str) -> &str {
    hash.char_indices().nth(HASH).map_or(hash, |(end, _)| &hash[..end])
}

/// A time in UTC to the second, from RFC 3339.
fn moment(time: &str) -> String {
    match time.split_once('T') {
        Some((day, clock)) => format!("{day} {} UTC", clock.get(..8).unwrap_or(clock)),
        None => time.to_owned(),
    }
}

/// Seconds, or minutes where there are many.
fn minutes(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.1} s") } else { format!("{:.1} min", seconds / 60.0) }
}
