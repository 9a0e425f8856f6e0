//! Runs that did not converge: why, and which verdicts rest on them.

use ranklab_stats::{RisingLoss, ThresholdGap};

use crate::analysis::{Analysis, CALM_MOMENTUM, Configuration, NotConvergedSign, Run, StatisticsAdvice};

use super::format::{count, four, percent, thousands, threshold};

/// Runs that a sentence lists before the rest is only counted.
const LISTED: usize = 4;

/// Why a run did not converge, one sentence per sign without a full stop; empty where nothing says so.
pub(crate) fn reasons(signs: &[NotConvergedSign]) -> Vec<String> {
    signs.iter().map(reason).collect()
}

fn reason(sign: &NotConvergedSign) -> String {
    match sign {
        NotConvergedSign::ThresholdIsOff { gap, on_validation, epochs, is_calm } => {
            let momentum = if *is_calm { String::new() } else { format!(", or {}", advised_momentum()) };
            format!("{}; train longer, `epochs={epochs}`{momentum}", threshold_is_off(gap, *on_validation))
        }
        NotConvergedSign::LossRises { loss, learning_rate, is_calm } => {
            let momentum = if *is_calm { "set".to_owned() } else { format!("{} or", advised_momentum()) };
            format!("{}; {momentum} a lower learning rate, `lr={learning_rate}`", loss_rises(loss))
        }
        NotConvergedSign::StatisticsAreStale { statistics, kept, advice } => format!(
            "{} % of batch norm's initial statistics are left after the {} up to the kept epoch {kept}, at a momentum of {}; {}",
            percent(statistics.share),
            count(usize::try_from(statistics.steps).unwrap_or(usize::MAX), "step"),
            statistics.momentum,
            advised(*advice),
        ),
    }
}

fn advised_momentum() -> String {
    format!("set `batch_norm_momentum={CALM_MOMENTUM}`")
}

fn threshold_is_off(gap: &ThresholdGap, on_validation: bool) -> String {
    let kind = if on_validation { "validation" } else { "test" };
    format!(
        "{} % of {} {kind} images are called right at a probability of 0.5, though the same ranking (AUC {}) allows {} % at {}",
        percent(gap.accuracy),
        thousands(gap.images as i64),
        four(gap.area),
        percent(gap.best_accuracy),
        threshold(gap.threshold),
    )
}

fn loss_rises(loss: &RisingLoss) -> String {
    format!(
        "the validation loss ends at {}, {:.1} times its lowest value, {} in epoch {} of {}",
        four(loss.last),
        loss.last / loss.lowest.max(f64::MIN_POSITIVE),
        four(loss.lowest),
        loss.lowest_epoch,
        loss.epochs,
    )
}

fn advised(advice: StatisticsAdvice) -> String {
    match advice {
        StatisticsAdvice::Momentum => advised_momentum(),
        StatisticsAdvice::MomentumAndEpochs(epochs) => {
            format!("set `batch_norm_momentum={CALM_MOMENTUM} epochs={epochs}` or more")
        }
        StatisticsAdvice::LaterEpoch => {
            "keep a later epoch, `select_by=last_epoch`, or lower the learning rate".to_owned()
        }
        StatisticsAdvice::Epochs(epochs) => format!("train longer, `epochs={epochs}` or more"),
    }
}

/// The warning above all results; `None` if all runs converged.
pub(crate) fn banner(analysis: &Analysis) -> Option<String> {
    let runs: Vec<i64> = analysis.configurations.iter().flat_map(|one| &one.not_converged).copied().collect();
    let Run { row, signs, .. } = analysis.run(*runs.first()?)?;
    let all: usize = analysis.configurations.iter().map(|one| one.runs.len()).sum();
    let have = if runs.len() == 1 { "has" } else { "have" };
    Some(format!(
        "{} of {} {have} not converged ({}): their results can change with longer training, and so can each verdict that names them. Run {}: {}.{}",
        runs.len(),
        count(all, "run"),
        listed(&runs),
        row.id,
        reasons(signs).join(". "),
        if runs.len() > 1 { " The section of each run lists its reasons." } else { "" }
    ))
}

/// The runs of configurations that did not converge, for the end of a verdict; empty if all converged.
pub(crate) fn caveat<'a>(configurations: impl IntoIterator<Item = &'a Configuration>) -> String {
    let of_one = |one: &Configuration| format!("{} of {}", listed(&one.not_converged), one.name);
    let named: Vec<String> =
        configurations.into_iter().filter(|one| !one.not_converged.is_empty()).map(of_one).collect();
    let rest = named.len().saturating_sub(LISTED);
    let more = if rest > 0 { format!(" and those of {rest} more configurations") } else { String::new() };
    match named.as_slice() {
        [] => String::new(),
        named => format!(" NOT CONVERGED: {}{more}.", named[..named.len().min(LISTED)].join(", ")),
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
    use crate::analysis::analyse;
    use crate::analysis::signs;
    use crate::data::RunData;
    use crate::fixture;
    use crate::render::{render_html, render_markdown};
    use ranklab_store::PredictionRow;

    fn reasons(run: &RunData) -> Vec<String> {
        super::reasons(&signs(run))
    }

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
        for text in [render_html(&data).unwrap(), render_markdown(&data).unwrap().details] {
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
        // What is set already is not advised.
        run.row.start.config = r#"{"training":{"batch_norm_momentum":0.9}}"#.into();
        assert!(reasons(&run)[0].ends_with("train longer, `epochs=20`"));
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
        run.row.start.config = r#"{"training":{"batch_norm_momentum":0.9}}"#.into();
        assert!(reasons(&run)[0].ends_with("in epoch 2 of 4; set a lower learning rate, `lr=0.001`"));
        set_losses(&mut run, &[0.4, 0.2, 0.5, 0.25]);
        assert!(reasons(&run).is_empty());
    }

    #[test]
    fn verdicts_that_rest_on_a_run_that_did_not_converge_name_it_and_the_page_says_so_above_them() {
        let mut data = fixture::ranks();
        short(&mut data.runs[0], 2);
        let (page, text) = (render_html(&data).unwrap(), render_markdown(&data).unwrap().details);
        for text in [&page, &text] {
            assert!(text.contains("1 of 4 runs has not converged (run 1)"));
            assert!(text.contains("inconclusive, these networks (not converged)"));
        }
        assert!(page.contains("<span class=\"verdict open\">not converged</span>"));
        // The best of its cells, three ranks against model_4, the best rank against it once more.
        assert_eq!(text.matches("NOT CONVERGED: run 1 of model_4.").count(), 5, "{text}");
        assert!(text.find("Runs in detail").unwrap() < text.rfind("35.87 % of batch norm").unwrap());
        let groups = analyse(&data).unwrap().configurations;
        assert_eq!(caveat([&groups[1], &groups[2]]), "");
        assert_eq!(caveat(&groups), " NOT CONVERGED: run 1 of model_4.");
    }

    #[test]
    fn many_runs_are_counted_and_some_are_named() {
        let mut data = fixture::seeds();
        data.runs.iter_mut().for_each(|run| short(run, 1));
        let said = banner(&analyse(&data).unwrap()).unwrap();
        assert!(
            said.starts_with(
                "6 of 6 runs have not converged (runs 1, 2, 3, 4 and 2 more): their results can change"
            ),
            "{said}"
        );
        assert!(
            said.contains(" Run 1: 59.90 % of batch norm's") && said.ends_with("lists its reasons."),
            "{said}"
        );
    }
}
