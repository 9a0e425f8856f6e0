//! What was run: data, cut, leakage, weights, training, device and code, as far as the runs share it.

use ranklab_settings::{Nouns, Words};
use ranklab_store::NewRun;

use crate::analysis::Analysis;

use super::conformity;
use super::format::{count, moment, short_hash, split_kind, thousands};
use super::leakage;
use super::table::Fact;

/// Values listed per fact before the rest is only counted.
const LISTED: usize = 8;

/// One fact of a run in words.
type Describe = fn(&NewRun, &Nouns) -> String;

/// The facts of a report.
pub(crate) fn facts(analysis: &Analysis) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(sweep) = &analysis.sweep {
        facts.push(Fact::new(
            "Sweep",
            format!(
                "{} ({}), first asked for {}; {} of {} trials finished",
                sweep.name,
                sweep.id,
                moment(&sweep.created_at),
                sweep.finished,
                sweep.trials
            ),
        ));
        facts.push(Fact::code("Command", sweep.command.clone()));
    }
    facts.extend(conformity::facts(&analysis.conformity, &analysis.nouns));
    let described: [(&'static str, Describe); 11] = [
        ("Models", model),
        ("Dataset", dataset),
        ("Images", images),
        ("Split", split),
        ("Parts", parts),
        ("Leakage audit", audit),
        ("Trunk weights", weights),
        ("Training", training),
        ("Seeds", |start, _| start.seed.to_string()),
        ("Device", |start, _| format!("{} on {}", start.device, start.host)),
        ("Code", code),
    ];
    if let Some(unknown) = leakage::unknown(&analysis.leakage, &analysis.nouns) {
        facts.push(Fact::new(analysis.nouns.group.capitals(), unknown));
    }
    for (name, describe) in described {
        let values = distinct(analysis, describe);
        if !values.is_empty() {
            facts.push(Fact::several(name, values));
        }
    }
    facts
}

/// Different values in the order of their first appearance, with their runs where there are several.
fn distinct(analysis: &Analysis, describe: Describe) -> Vec<String> {
    let mut values: Vec<(String, usize)> = Vec::new();
    for run in &analysis.runs {
        let value = describe(&run.row.start, &analysis.nouns);
        match values.iter_mut().find(|(known, _)| *known == value) {
            Some((_, runs)) => *runs += 1,
            None => values.push((value, 1)),
        }
    }
    if values.len() == 1 {
        return values.into_iter().map(|(value, _)| value).collect();
    }
    let rest = values.len().saturating_sub(LISTED);
    let mut lines: Vec<String> = values
        .into_iter()
        .take(LISTED)
        .map(|(value, runs)| format!("{value} ({})", count(runs, "run")))
        .collect();
    if rest > 0 {
        lines.push(format!("and {rest} more"));
    }
    lines
}

/// What the model trains: its name alone does not say so.
fn model(start: &NewRun, _: &Nouns) -> String {
    match start.model.as_str() {
        "model_4" => "model_4: new layers on frozen VGG16, the posts' classical fine-tuning".to_owned(),
        "model_5" => "model_5: LoRA in convolutions of VGG16".to_owned(),
        other => other.to_owned(),
    }
}

fn dataset(start: &NewRun, _: &Nouns) -> String {
    let kind = if start.synthetic { " — SYNTHETIC, generated images" } else { "" };
    format!("{}{kind}; image set {}", start.dataset, short_hash(&start.image_set_hash))
}

fn images(start: &NewRun, _: &Nouns) -> String {
    // Earlier versions counted neither.
    let contradicting = match start.contradicting_images {
        0 => String::new(),
        count => format!(", {} of contradicting labels", thousands(count)),
    };
    let skipped = match start.skipped_files {
        0 => String::new(),
        count => format!("; passed over: {} other image files", thousands(count)),
    };
    format!(
        "{} used at {side} × {side} pixels ({} resizing); left out: {} duplicate, {} unreadable{contradicting}{skipped}",
        thousands(start.images),
        start.resize,
        thousands(start.duplicate_images),
        thousands(start.unreadable_images),
        side = start.image_size,
    )
}

fn split(start: &NewRun, nouns: &Nouns) -> String {
    let fold = start.fold.map_or(String::new(), |fold| format!(", fold {fold}"));
    format!(
        "{}{fold}, split seed {}, split {}",
        split_kind(&start.split, nouns),
        start.split_seed,
        short_hash(&start.split_hash)
    )
}

fn parts(start: &NewRun, nouns: &Nouns) -> String {
    let Words { images, .. } = nouns.words();
    format!(
        "{} training, {} validation and {} test {images}",
        thousands(start.train_images),
        thousands(start.validation_images),
        thousands(start.test_images)
    )
}

/// The audit in words.
pub(crate) fn audit(start: &NewRun, nouns: &Nouns) -> String {
    let Words { groups, images, .. } = nouns.words();
    let test = thousands(start.test_patients);
    if start.shared_patients == 0 {
        return format!("None of the {test} test {groups} stands in training or validation.");
    }
    let every = start.shared_patients == start.test_patients;
    let who =
        if every { format!("All {test}") } else { format!("{} of {test}", thousands(start.shared_patients)) };
    format!(
        "{who} test {groups} also stand in training or validation; {} of {} test {images} come from them.",
        thousands(start.shared_test_images),
        thousands(start.test_images)
    )
}

fn weights(start: &NewRun, _: &Nouns) -> String {
    format!("{}, hash {}", start.weights, short_hash(&start.weights_hash))
}

fn training(start: &NewRun, _: &Nouns) -> String {
    format!(
        "{}, batches of {}, {} at learning rate {}, best epoch by {}",
        count(usize::try_from(start.epochs).unwrap_or(0), "epoch"),
        thousands(start.batch_size),
        start.optimizer,
        start.learning_rate,
        start.select_by.replace('_', " ")
    )
}

fn code(start: &NewRun, _: &Nouns) -> String {
    let commit = match (&start.git_commit, start.git_dirty) {
        (None, _) => "no commit known".to_owned(),
        (Some(commit), Some(true)) => format!("commit {} with uncommitted changes", short_hash(commit)),
        (Some(commit), _) => format!("commit {}", short_hash(commit)),
    };
    format!("ranklab {}, {commit}", start.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::data::ReportData;
    use crate::fixture;

    fn values(data: &ReportData, name: &str) -> Vec<String> {
        facts(&analyse(data).unwrap())
            .into_iter()
            .find(|fact| fact.name == name)
            .map(|fact| fact.values)
            .unwrap_or_default()
    }

    #[test]
    fn the_audit_says_how_many_patients_and_cells_leak() {
        let data = fixture::ranks();
        assert_eq!(
            values(&data, "Leakage audit"),
            [
                "36 of 40 test patients also stand in training or validation; 190 of 200 test cells come from them."
            ]
        );
        let mut start = data.runs[0].row.start.clone();
        start.shared_patients = 0;
        assert_eq!(
            audit(&start, &Nouns::default()),
            "None of the 40 test patients stands in training or validation."
        );
        start.shared_patients = 40;
        assert!(audit(&start, &Nouns::default()).starts_with("All 40 test patients"));
    }

    #[test]
    fn what_differs_between_runs_is_listed_with_its_runs() {
        let mut data = fixture::ranks();
        data.runs[0].row.start.git_dirty = Some(true);
        let code = values(&data, "Code");
        assert_eq!(code.len(), 2);
        assert!(code[0].ends_with("with uncommitted changes (1 run)"), "{code:?}");
        assert!(code[1].ends_with("(3 runs)"), "{code:?}");
    }

    #[test]
    fn generated_images_are_labelled() {
        let mut data = fixture::ranks();
        for run in &mut data.runs {
            run.row.start.synthetic = true;
        }
        assert!(values(&data, "Dataset")[0].contains("SYNTHETIC"));
    }
}
