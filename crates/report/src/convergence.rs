//! Runs that did not converge: why, in words, and which verdicts rest on them.

use ranklab_stats::{StaleStatistics, rising_loss, stale_statistics, threshold_gap};
use ranklab_store::{NewRun, PredictionRow, Store};
use serde_json::Value;

use crate::comparison::Group;
use crate::data::{ReportData, RunData};
use crate::error::Result;
use crate::format::{count, four, percent, thousands, threshold};

/// The momentum that is advised: after 29 steps it has forgotten all but 5 % of what it started with.
const CALM_MOMENTUM: f64 = 0.9;
/// Runs that a sentence lists before the rest is only counted.
const LISTED: usize = 4;

/// A run that did not converge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotConverged {
    /// The run.
    pub run: i64,
    /// One sentence per sign, with its numbers and what to do, without a full stop.
    pub reasons: Vec<String>,
}

/// Those of the given runs that did not converge, in their order. Runs that have not finished are passed over.
///
/// # Errors
/// When a run does not exist and when the database cannot be read.
pub async fn not_converged(store: &Store, runs: &[i64]) -> Result<Vec<NotConverged>> {
    let mut found = Vec::new();
    for row in store.runs(runs).await? {
        if row.result.is_none() {
            continue;
        }
        let validation = store.validation_predictions(row.id).await?;
        let predictions = match validation.is_empty() {
            true => store.predictions(row.id).await?,
            false => Vec::new(),
        };
        let epochs = store.epoch_metrics(row.id).await?;
        let run = RunData { row, epochs, predictions, validation };
        let reasons = reasons(&run);
        if !reasons.is_empty() {
            found.push(NotConverged { run: run.row.id, reasons });
        }
    }
    Ok(found)
}

/// Why a finished run did not converge; empty where nothing says so.
pub(crate) fn reasons(run: &RunData) -> Vec<String> {
    [threshold_is_off(run), loss_rises(run), statistics_are_stale(run)].into_iter().flatten().collect()
}

/// Judged on validation images, where there are some: nothing is chosen on test images.
fn threshold_is_off(run: &RunData) -> Option<String> {
    let (rows, kind) = match run.validation.is_empty() {
        true => (&run.predictions, "test"),
        false => (&run.validation, "validation"),
    };
    let labels: Vec<u8> = rows.iter().map(label).collect();
    let probabilities: Vec<f64> = rows.iter().map(|row| row.probability).collect();
    let found = threshold_gap(&labels, &probabilities).ok()??;
    Some(format!(
        "{} % of {} {kind} images are called right at a probability of 0.5, though the same ranking (AUC {}) allows {} % at {}; \
         train longer, `epochs={}`, or set `batch_norm_momentum={CALM_MOMENTUM}`",
        percent(found.accuracy),
        thousands(found.images as i64),
        four(found.area),
        percent(found.best_accuracy),
        threshold(found.threshold),
        2 * run.row.start.epochs.max(1),
    ))
}

fn label(row: &PredictionRow) -> u8 {
    u8::try_from(row.label).unwrap_or(u8::MAX)
}

fn loss_rises(run: &RunData) -> Option<String> {
    let mut losses: Vec<(i64, f64)> = run
        .epochs
        .iter()
        .filter(|row| row.metric == "validation_loss")
        .map(|row| (row.epoch, row.value))
        .collect();
    losses.sort_by_key(|(epoch, _)| *epoch);
    let losses: Vec<f64> = losses.into_iter().map(|(_, loss)| loss).collect();
    let kept = usize::try_from(run.row.result.as_ref()?.best_epoch).ok()?;
    let found = rising_loss(&losses, kept)?;
    Some(format!(
        "the validation loss ends at {}, {:.1} times its lowest value, {} in epoch {} of {}; set \
         `batch_norm_momentum={CALM_MOMENTUM}` or a lower learning rate, `lr={}`",
        four(found.last),
        found.last / found.lowest.max(f64::MIN_POSITIVE),
        four(found.lowest),
        found.lowest_epoch,
        found.epochs,
        run.row.start.learning_rate / 5.0
    ))
}

fn statistics_are_stale(run: &RunData) -> Option<String> {
    let steps_per_epoch = steps_per_epoch(&run.row.start)?;
    let kept = u64::try_from(run.row.result.as_ref()?.best_epoch).ok()?;
    let found = stale_statistics(steps_per_epoch * kept, momentum(&run.row.start)?)?;
    let calm = StaleStatistics::steps_needed(CALM_MOMENTUM);
    let epochs = u64::try_from(run.row.start.epochs).unwrap_or(0);
    let advice = match (steps_per_epoch.max(1) * epochs.max(kept) >= calm, found.momentum > CALM_MOMENTUM) {
        // Long enough for the calmer momentum, or it would be with the epochs after the kept one.
        (true, true) => format!("set `batch_norm_momentum={CALM_MOMENTUM}`"),
        (false, true) => {
            format!(
                "set `batch_norm_momentum={CALM_MOMENTUM} epochs={}` or more",
                calm.div_ceil(steps_per_epoch)
            )
        }
        (_, false) if epochs > kept => {
            "keep a later epoch, `select_by=last_epoch`, or lower the learning rate".to_owned()
        }
        (_, false) => format!(
            "train longer, `epochs={}` or more",
            StaleStatistics::steps_needed(found.momentum).div_ceil(steps_per_epoch)
        ),
    };
    Some(format!(
        "{} % of batch norm's initial statistics are left after the {} up to the kept epoch {kept}, at a momentum of {}; {advice}",
        percent(found.share),
        count(usize::try_from(found.steps).unwrap_or(usize::MAX), "step"),
        found.momentum,
    ))
}

fn steps_per_epoch(start: &NewRun) -> Option<u64> {
    let (images, batch) = (u64::try_from(start.train_images).ok()?, u64::try_from(start.batch_size).ok()?);
    Some(images.div_ceil(batch.max(1))).filter(|steps| *steps > 0)
}

/// The momentum of the run's configuration, in Keras' convention.
fn momentum(start: &NewRun) -> Option<f64> {
    let config: Value = serde_json::from_str(&start.config).ok()?;
    config.pointer("/training/batch_norm_momentum")?.as_f64()
}

/// The warning above everything that is said of the runs; `None` where all converged.
pub(crate) fn banner(data: &ReportData, groups: &[Group]) -> Option<String> {
    let runs: Vec<i64> = groups.iter().flat_map(|group| &group.not_converged).copied().collect();
    let first = data.runs.iter().find(|run| Some(&run.row.id) == runs.first())?;
    let all: usize = groups.iter().map(|group| group.runs.len()).sum();
    let have = if runs.len() == 1 { "has" } else { "have" };
    Some(format!(
        "{} of {} {have} not converged ({}): what is said of them below can change with the training. Run {}: {}.{}",
        runs.len(),
        count(all, "run"),
        listed(&runs),
        first.row.id,
        reasons(first).join(". "),
        if runs.len() > 1 { " Each run's section has its own reasons." } else { "" }
    ))
}

/// What a verdict on configurations says of their runs that did not converge, with a space before it; empty where
/// all did.
pub(crate) fn caveat<'a>(groups: impl IntoIterator<Item = &'a Group>) -> String {
    let of_group = |group: &Group| format!("{} of {}", listed(&group.not_converged), group.name);
    let named: Vec<String> =
        groups.into_iter().filter(|group| !group.not_converged.is_empty()).map(of_group).collect();
    let rest = named.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" and those of {rest} more configurations") } else { String::new() };
    match named.as_slice() {
        [] => String::new(),
        named => format!(
            " NOT CONVERGED: {}{more}, so that this can be a matter of training.",
            named[..named.len().min(LISTED)].join(", ")
        ),
    }
}

/// `run 3`, `runs 1, 2, 3 and 5 more`.
fn listed(runs: &[i64]) -> String {
    let numbers: Vec<String> = runs.iter().take(LISTED).map(i64::to_string).collect();
    let more = match runs.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("run{} {}{more}", if runs.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;
    use crate::html::render_html;
    use crate::markdown::render_markdown;

    /// The run as it would be after `epochs` at Keras' momentum.
    fn short(run: &mut RunData, epochs: i64) {
        let start = &mut run.row.start;
        start.config =
            start.config.replace("\"learning_rate\"", "\"batch_norm_momentum\":0.99,\"learning_rate\"");
        start.epochs = epochs;
        run.epochs.retain(|row| row.epoch <= epochs);
        run.row.result.as_mut().unwrap().best_epoch = epochs;
    }

    fn set_losses(run: &mut RunData, losses: &[f64]) {
        run.epochs.retain(|row| row.metric != "validation_loss");
        let row = |(place, value): (usize, &f64)| ranklab_store::EpochMetric {
            epoch: place as i64 + 1,
            metric: "validation_loss".into(),
            value: *value,
        };
        // The database need not answer in order.
        run.epochs.extend(losses.iter().enumerate().map(row).rev());
    }

    #[test]
    fn a_run_that_converged_is_not_warned_of() {
        let data = fixture::ranks();
        assert!(data.runs.iter().all(|run| reasons(run).is_empty()));
        for text in [render_html(&data).unwrap(), render_markdown(&data).unwrap().text] {
            assert!(!text.contains("NOT CONVERGED"));
        }
    }

    #[test]
    fn too_few_steps_for_the_momentum_are_reported_with_their_share_and_what_to_do() {
        let mut run = fixture::run(1, Some(5), 0, 4);
        short(&mut run, 2);
        // 1,620 images in batches of 32.
        assert_eq!(
            reasons(&run),
            [
                "35.87 % of batch norm's initial statistics are left after the 102 steps up to the kept epoch 2, at a momentum of 0.99; set `batch_norm_momentum=0.9`"
            ]
        );
        run.row.start.batch_size = 1620;
        assert!(reasons(&run)[0].ends_with("set `batch_norm_momentum=0.9 epochs=29` or more"));
        // Long enough as it is.
        run.row.start.epochs = 40;
        assert!(reasons(&run)[0].ends_with("set `batch_norm_momentum=0.9`"));
        run.row.start.epochs = 10;
        run.row.start.batch_size = 32;
        run.row.result.as_mut().unwrap().best_epoch = 6;
        assert!(reasons(&run).is_empty());
        // What an earlier version did not record is not guessed.
        run.row.result.as_mut().unwrap().best_epoch = 1;
        run.row.start.config = "{}".into();
        assert!(reasons(&run).is_empty());
    }

    #[test]
    fn an_accuracy_far_below_what_the_ranking_allows_is_judged_on_validation_first() {
        let mut run = fixture::run(1, Some(5), 0, 4);
        let off = |rows: &mut [PredictionRow]| {
            rows.iter_mut().for_each(|row| row.probability = row.probability.powi(8))
        };
        off(&mut run.predictions);
        assert!(reasons(&run).is_empty(), "test images do not decide where there are others");
        off(&mut run.validation);
        let said = reasons(&run).remove(0);
        assert!(said.contains("% of 200 validation images are called right at a probability of 0.5, though the same ranking (AUC 0.9"), "{said}");
        assert!(said.ends_with("train longer, `epochs=20`, or set `batch_norm_momentum=0.9`"), "{said}");
        run.validation.clear();
        assert!(reasons(&run)[0].contains("200 test images"));
    }

    #[test]
    fn a_validation_loss_that_rises_to_the_end_is_reported() {
        let mut run = fixture::run(1, Some(5), 0, 4);
        set_losses(&mut run, &[0.4, 0.2, 0.35, 0.5]);
        assert_eq!(
            reasons(&run),
            [
                "the validation loss ends at 0.5000, 2.5 times its lowest value, 0.2000 in epoch 2 of 4; set `batch_norm_momentum=0.9` or a lower learning rate, `lr=0.001`"
            ]
        );
        set_losses(&mut run, &[0.4, 0.2, 0.5, 0.25]);
        assert!(reasons(&run).is_empty());
    }

    #[test]
    fn verdicts_that_rest_on_a_run_that_did_not_converge_name_it_and_the_page_says_so_above_them() {
        let mut data = fixture::ranks();
        short(&mut data.runs[0], 2);
        for (text, quoted) in
            [(render_html(&data).unwrap(), "model_4"), (render_markdown(&data).unwrap().text, "model_4")]
        {
            let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}"));
            assert!(place("1 of 4 runs has not converged (run 1)") < place("In short"));
            let caveat =
                format!("NOT CONVERGED: run 1 of {quoted}, so that this can be a matter of training.");
            // The best of its cells, three ranks against model_4, the best rank against it once more.
            assert_eq!(text.matches(&caveat).count(), 5, "{text}");
            assert!(text.contains("open (not converged)"));
            assert!(place("Runs in detail") < text.rfind("35.87 % of batch norm").unwrap());
        }
        let groups = compare(&data).unwrap();
        assert_eq!(caveat([&groups[1], &groups[2]]), "");
        assert_eq!(
            caveat(&groups),
            " NOT CONVERGED: run 1 of model_4, so that this can be a matter of training."
        );
    }

    #[test]
    fn many_runs_are_counted_and_some_are_named() {
        let mut data = fixture::seeds();
        data.runs.iter_mut().for_each(|run| short(run, 1));
        let groups = compare(&data).unwrap();
        let said = banner(&data, &groups).unwrap();
        assert!(
            said.starts_with(
                "6 of 6 runs have not converged (runs 1, 2, 3, 4 and 2 more): what is said of them below"
            ),
            "{said}"
        );
        assert!(
            said.contains(" Run 1: 59.90 % of batch norm's") && said.ends_with("has its own reasons."),
            "{said}"
        );
    }
}
