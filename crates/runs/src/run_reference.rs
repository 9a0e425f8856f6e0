//! How a user names a finished run: by its number, by the name of its configuration, `latest` or `best`.

use std::{cmp::Ordering, convert::Infallible, str::FromStr};

use ranklab_store::{RunRow, RunStatus, Store};

use crate::Error;

/// States of runs that have a model.
const WITH_MODEL: [RunStatus; 2] = [RunStatus::Finished, RunStatus::Imported];
/// Numbers of runs that a message lists.
const LISTED: usize = 5;

/// A finished run as a user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunReference {
    /// The number of a run.
    Number(i64),
    /// The finished run with the highest validation accuracy of the most recent sweep that has one.
    Best,
    /// The run that finished or was imported last.
    Latest,
    /// A run by its label, or by its configuration as in the view `runs_summary`: `model_5 · block5 · rank 4`.
    Name(String),
}

impl FromStr for RunReference {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match (text, text.parse()) {
            (_, Ok(number)) => Self::Number(number),
            ("best", _) => Self::Best,
            ("latest", _) => Self::Latest,
            (name, _) => Self::Name(name.to_owned()),
        })
    }
}

/// The run that a user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRun {
    /// The run's number.
    pub run: i64,
    /// Why it is this one; `None` for a number.
    pub reason: Option<String>,
}

impl RunReference {
    /// The run in the database.
    ///
    /// # Errors
    /// When no finished run answers to a name, or several do.
    pub async fn find(&self, store: &Store) -> Result<NamedRun, Error> {
        match self {
            Self::Number(run) => Ok(NamedRun { run: *run, reason: None }),
            Self::Best => best(store).await,
            Self::Latest => latest(store.all_runs().await?),
            Self::Name(name) => by_name(&with_model(store.all_runs().await?)?, name),
        }
    }
}

/// The run that ended last of those with a model.
fn latest(runs: Vec<RunRow>) -> Result<NamedRun, Error> {
    let runs = with_model(runs)?;
    let latest = runs.iter().max_by(|a, b| (&a.ended_at, a.id).cmp(&(&b.ended_at, b.id)));
    let (run, how) = latest.map_or((0, "finished"), |run| match run.status {
        RunStatus::Imported => (run.id, "was imported"),
        _ => (run.id, "finished"),
    });
    Ok(NamedRun { run, reason: Some(format!("run {run} {how} last")) })
}

/// The runs that have a model.
fn with_model(runs: Vec<RunRow>) -> Result<Vec<RunRow>, Error> {
    let (with, without): (Vec<RunRow>, Vec<RunRow>) =
        runs.into_iter().partition(|run| WITH_MODEL.contains(&run.status));
    if with.is_empty() { Err(none_finished(&without)) } else { Ok(with) }
}

/// That no run is finished, with the next command for the runs that there are.
fn none_finished(runs: &[RunRow]) -> Error {
    let last = |status: RunStatus| runs.iter().rfind(|run| run.status == status).map(|run| run.id);
    let none = "the database has no finished run";
    Error::NoRun(if let Some(run) = last(RunStatus::Imported) {
        format!("{none}, and run {run} was imported; name it by its number or as `latest`")
    } else if let Some(run) = last(RunStatus::Running) {
        format!(
            "{none}: run {run} is in training or was interrupted; wait for it, or resume it with \
             `ranklab sweep --resume`"
        )
    } else if let Some(run) = runs.last() {
        format!("{none}: run {} is {}; `ranklab runs show {0}` says more", run.id, run.status)
    } else {
        format!("{none}; train one with `ranklab sweep` or, for a first look, with `ranklab quickstart`")
    })
}

fn by_name(runs: &[RunRow], name: &str) -> Result<NamedRun, Error> {
    let named: Vec<i64> = runs
        .iter()
        .filter(|run| run.start.label == name || configuration_name(run) == name)
        .map(|run| run.id)
        .collect();
    match named.as_slice() {
        [] => Err(Error::NoRun(format!(
            "no finished run is called `{name}`; give its number, its label or its configuration as `ranklab runs` lists them, `best` or `latest`"
        ))),
        [run] => Ok(NamedRun { run: *run, reason: Some(format!("run {run} is called `{name}`")) }),
        several => {
            let listed: Vec<String> = several.iter().take(LISTED).map(i64::to_string).collect();
            let more = if several.len() > LISTED { ", …" } else { "" };
            Err(Error::NoRun(format!(
                "{} finished runs are called `{name}`: {}{more}; give the number of one",
                several.len(),
                listed.join(", ")
            )))
        }
    }
}

/// The name of a run's configuration, as the view `runs_summary` has it.
pub fn configuration_name(run: &RunRow) -> String {
    let layers = run.start.layers.as_ref().map(|layers| format!(" · {layers}"));
    let ranks = run.start.ranks.as_ref().map(|ranks| format!(" · rank {ranks}"));
    format!("{}{}{}", run.start.model, layers.unwrap_or_default(), ranks.unwrap_or_default())
}

/// The run with the highest validation accuracy in its kept epoch among those of the most recent sweep that has a
/// finished run; of several the one with the lower validation loss, fewer trained parameters, the lower number. Where no
/// sweep has one, among all runs. Test figures choose nothing.
async fn best(store: &Store) -> Result<NamedRun, Error> {
    let Candidates { runs, of } = candidates(store).await?;
    let mut best: Option<(RunRow, [f64; 2])> = None;
    for run in runs {
        let figures = kept_figures(store, &run).await?;
        if best.as_ref().is_none_or(|(kept, known)| order(&run, figures, kept, *known).is_lt()) {
            best = Some((run, figures));
        }
    }
    let Some((run, [accuracy, _])) = best else { return Err(none_finished(&store.all_runs().await?)) };
    let reason = format!(
        "run {} has the highest validation accuracy of the finished runs of {of}: {:.2} %",
        run.id,
        100.0 * accuracy
    );
    Ok(NamedRun { run: run.id, reason: Some(reason) })
}

/// Finished runs that are compared with each other.
struct Candidates {
    runs: Vec<RunRow>,
    /// Whose they are, with the more recent sweeps that were passed over.
    of: String,
}

/// The finished runs of the most recent sweep that has any; else all of the database.
async fn candidates(store: &Store) -> Result<Candidates, Error> {
    let is_finished = |run: &RunRow| run.status == RunStatus::Finished;
    let mut without: Vec<i64> = Vec::new();
    for sweep in store.sweeps().await? {
        let planned = store.runs_of_sweep(sweep.id).await?;
        let trials = planned.len();
        let runs: Vec<RunRow> = planned.into_iter().filter_map(|(_, run)| run).filter(is_finished).collect();
        if runs.is_empty() {
            without.push(sweep.id);
            continue;
        }
        let share = match runs.len() {
            all if all == trials => String::new(),
            some => format!(" ({some} of {trials} trials)"),
        };
        let of = format!("sweep {}{share}{}", sweep.id, passed_over(&without));
        return Ok(Candidates { runs, of });
    }
    let runs = store.all_runs().await?.into_iter().filter(is_finished).collect();
    Ok(Candidates { runs, of: format!("the database{}", passed_over(&without)) })
}

/// The sweeps without a finished run, latest first, in words that follow what they precede.
fn passed_over(without: &[i64]) -> String {
    match without {
        [] => String::new(),
        [one] => format!(", as sweep {one} has none"),
        [first, .., last] => format!(", as sweeps {last} to {first} have none"),
    }
}

/// Validation accuracy and loss in the epoch whose weights were kept.
async fn kept_figures(store: &Store, run: &RunRow) -> Result<[f64; 2], Error> {
    let kept = run.result.as_ref().map(|result| result.best_epoch);
    let metrics = store.epoch_metrics(run.id).await?;
    let figure = |name: &str, absent: f64| {
        let found = metrics.iter().find(|metric| Some(metric.epoch) == kept && metric.metric == name);
        found.map_or(absent, |metric| metric.value)
    };
    Ok([figure("validation_accuracy", f64::NEG_INFINITY), figure("validation_loss", f64::INFINITY)])
}

/// Which of two runs comes first.
fn order(run: &RunRow, figures: [f64; 2], other: &RunRow, others: [f64; 2]) -> Ordering {
    let ([accuracy, loss], [other_accuracy, other_loss]) = (figures, others);
    other_accuracy
        .total_cmp(&accuracy)
        .then(loss.total_cmp(&other_loss))
        .then(run.start.trainable_parameters.cmp(&other.start.trainable_parameters))
        .then(run.id.cmp(&other.id))
}

#[cfg(test)]
mod tests {
    use ranklab_store::{NewRun, RunResult};

    use super::*;

    fn run(id: i64, label: &str, rank: &str, parameters: i64) -> RunRow {
        RunRow {
            id,
            status: RunStatus::Finished,
            failure: None,
            started_at: String::new(),
            ended_at: None,
            start: NewRun {
                label: label.to_owned(),
                model: "model_5".to_owned(),
                layers: Some("block5".to_owned()),
                ranks: Some(rank.to_owned()),
                trainable_parameters: parameters,
                ..NewRun::default()
            },
            result: Some(RunResult::default()),
        }
    }

    #[test]
    fn numbers_words_and_names_are_told_apart() {
        let of = |text: &str| text.parse::<RunReference>().unwrap();
        assert_eq!(of("7"), RunReference::Number(7));
        assert_eq!([of("best"), of("latest")], [RunReference::Best, RunReference::Latest]);
        assert_eq!(of("rank=4"), RunReference::Name("rank=4".to_owned()));
    }

    #[test]
    fn a_name_finds_one_run_and_several_are_listed() {
        let runs = [run(1, "rank=1", "1", 5), run(2, "rank=4", "4", 9), run(3, "again", "4", 9)];
        assert_eq!(by_name(&runs, "rank=4").unwrap().run, 2);
        assert_eq!(by_name(&runs, "model_5 · block5 · rank 1").unwrap().run, 1);
        let problem = |name| by_name(&runs, name).unwrap_err().to_string();
        assert!(problem("model_5 · block5 · rank 4").contains("2 finished runs are called"));
        assert!(problem("model_5 · block5 · rank 4").contains("2, 3; give the number of one"));
        assert!(problem("rank=9").contains("no finished run is called `rank=9`"));
    }

    #[test]
    fn the_latest_run_is_the_one_with_a_model_that_ended_last_trained_or_imported() {
        let ended = |id: i64, status: RunStatus, minute: i64| RunRow {
            status,
            ended_at: Some(format!("2026-01-01T00:0{minute}:00Z")),
            ..run(id, "", "1", 5)
        };
        let [trained, imported] = [ended(3, RunStatus::Finished, 4), ended(5, RunStatus::Imported, 6)];
        let named = |runs: &[&RunRow]| latest(runs.iter().copied().cloned().collect()).unwrap();
        let broken = ended(6, RunStatus::Diverged, 8);
        let newest = named(&[&trained, &imported, &broken]);
        assert_eq!((newest.run, newest.reason.as_deref()), (5, Some("run 5 was imported last")));
        assert_eq!(named(&[&imported]).run, 5);
        let later = ended(2, RunStatus::Finished, 7);
        assert_eq!(named(&[&later, &imported]).reason.as_deref(), Some("run 2 finished last"));
        assert!(latest(vec![broken]).is_err());
    }

    #[test]
    fn the_best_run_is_that_of_validation_and_of_equal_ones_the_smaller() {
        let (small, large) = (run(2, "", "1", 5), run(1, "", "4", 9));
        assert!(order(&small, [0.9, 0.3], &large, [0.8, 0.1]).is_lt());
        assert!(order(&small, [0.9, 0.3], &large, [0.9, 0.2]).is_gt());
        assert!(order(&small, [0.9, 0.3], &large, [0.9, 0.3]).is_lt());
        assert!(order(&small, [f64::NEG_INFINITY, f64::INFINITY], &large, [0.1, 9.0]).is_gt());
    }
}
