//! A run in a few sentences of Markdown, for the card of an exported network.

use ranklab_settings::{Nouns, TrialConfig, Words};
use ranklab_store::{RunRow, RunStatus, Store};

use crate::analysis::{CallRates, Rate, call_rates, nouns_of_run};
use crate::error::Result;
use crate::not_converged::not_converged;
use crate::options::Options;
use crate::render::markdown_text;
use crate::words::format::{confidence, four, percent, split_kind, thousands};

/// What the run was trained on, how well it does on its test cells and on other images, and what to take care of.
///
/// # Errors
/// When the run does not exist and when the database cannot be read.
pub async fn run_card(store: &Store, run: i64) -> Result<String> {
    let row = store.runs(&[run]).await?.remove(0);
    let options = Options::default();
    let own = store.predictions(run).await?;
    let nouns = nouns_of_run(&row);
    let mut parts = vec![trained_on(&row, &nouns)];
    if own.is_empty() {
        parts.push("It has no test of its own.".to_owned());
    } else {
        let rates = call_rates(&own, ranklab_stats::THRESHOLD, options.level());
        parts.push(format!(
            "On its {} test images: {}",
            thousands(row.start.test_images),
            figures(&rates, &options, &nouns)
        ));
        parts.push(leakage(&row, &nouns));
    }
    for evaluation in store.evaluations_of(&[run]).await? {
        let cells = store.evaluation_predictions(evaluation.id).await?;
        let recorded = &evaluation.evaluation;
        let rates = call_rates(&cells, ranklab_stats::THRESHOLD, options.level());
        let seen = match (recorded.shared_images, recorded.shared_patients) {
            (Some(0), Some(0)) => "none of which it was trained on",
            (images, groups) if images.max(groups) > Some(0) => {
                "some of which, or of whose groups, it was trained on"
            }
            _ => "and it is not known whether it was trained on them",
        };
        parts.push(format!(
            "On {} other images, {seen}: {}",
            thousands(recorded.images),
            figures(&rates, &options, &nouns)
        ));
    }
    if row.start.synthetic {
        parts.push("**SYNTHETIC**: its images are generated. It is of no use on real ones.".to_owned());
    }
    parts.extend(rounded_trunk(&row));
    for found in not_converged(store, &[run]).await? {
        let lines = found.lines().map(|line| format!("**WARNING**: {}.", markdown_text(&line)));
        parts.extend(lines);
    }
    parts.push("These figures hold for this one network. It is no medical device.".to_owned());
    Ok(parts.join("\n\n"))
}

fn trained_on(row: &RunRow, nouns: &Nouns) -> String {
    let start = &row.start;
    if row.status == RunStatus::Imported {
        return format!(
            "Imported from {}; its training is not recorded here.",
            markdown_text(&start.dataset)
        );
    }
    let config: Option<TrialConfig> = serde_json::from_str(&start.config).ok();
    let scheme = config.map(|config| config.data.scheme()).unwrap_or_default();
    // The name alone: a path says more of a machine than of the images.
    let dataset = start.dataset.rsplit(['/', '\\']).next().unwrap_or_default();
    format!(
        "Trained on {} images of `{}` ({} against {}) under {} split, seed {}, learning rate {}; the best of {} epochs was \
         chosen on {} validation images. Configuration hash `{}`, ranklab {}.",
        thousands(start.train_images),
        dataset.replace('`', ""),
        markdown_text(&scheme.positive),
        markdown_text(&scheme.negative),
        crate::words::format::with_article(split_kind(&start.split, nouns)),
        start.seed,
        start.learning_rate,
        start.epochs,
        thousands(start.validation_images),
        start.config_hash,
        start.version,
    )
}

/// That the figures are those of a trunk of lower precision than the files hold.
fn rounded_trunk(row: &RunRow) -> Option<String> {
    let config: TrialConfig = serde_json::from_str(&row.start.config).ok()?;
    (!config.precision.is_default()).then(|| {
        format!(
            "Its frozen convolutions computed in precision `{}`, in training and for these figures. Exported files hold them in 32-bit \
             floating point, so that their probabilities differ a little.",
            config.precision.name()
        )
    })
}

fn figures(rates: &CallRates, options: &Options, nouns: &Nouns) -> String {
    let rate = |name: &str, rate: Option<Rate>| {
        rate.map(|Rate { rate, interval, .. }| {
            format!("{name} {} % ({} to {})", percent(rate), percent(interval.lower), percent(interval.upper))
        })
    };
    let all = [
        rate("accuracy", rates.accuracy),
        rate("sensitivity", rates.sensitivity),
        rate("specificity", rates.specificity),
        rates.auc.map(|auc| format!("AUC {}", four(auc))),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    format!(
        "{}, at a threshold of one half; {} intervals over {}.",
        all.join(", "),
        confidence(options),
        nouns.group.many
    )
}

fn leakage(row: &RunRow, nouns: &Nouns) -> String {
    let Words { group, groups, .. } = nouns.words();
    let start = &row.start;
    match start.shared_patients {
        0 => format!("No {group} is both in its training and in its test images."),
        shared => format!(
            "{} of {} test {groups} also have training images: on other {groups} it may do worse.",
            thousands(shared),
            thousands(start.test_patients)
        ),
    }
}
