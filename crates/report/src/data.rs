//! The rows that a report is made of.

use ranklab_settings::Baseline;
use ranklab_store::{EpochMetric, EvaluationRow, NewLook, PredictionRow, RunRow, RunStatus, SweepRow};
use serde::Serialize;

use crate::options::Options;
use crate::pictures::CellPictures;
use crate::plan_record::{PlanRecord, look};

/// Longest part of a folder's name that comes from a sweep's name or from run ids.
const NAME_LENGTH: usize = 48;

/// The rows of a report and how they are to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportData {
    /// Heading.
    pub title: String,
    /// The sweep, unless runs were chosen one by one.
    pub sweep: Option<SweepRow>,
    /// Finished runs in the order of the plan or of the choice.
    pub runs: Vec<RunData>,
    /// Trials and runs without a result.
    pub unfinished: Vec<Unfinished>,
    /// How runs are compared.
    pub options: Options,
    /// What the others are compared with.
    pub baseline: Baseline,
    /// Paths of the settings that each configuration chooses for itself on validation figures.
    pub tune: Vec<String>,
    /// What was planned before there were results, and what happened since.
    pub plan: PlanRecord,
    /// Pictures for the galleries, where there are any.
    pub pictures: CellPictures,
}

/// A finished run with what it recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct RunData {
    /// Provenance and result.
    pub row: RunRow,
    /// Metrics per epoch.
    pub epochs: Vec<EpochMetric>,
    /// Test predictions.
    pub predictions: Vec<PredictionRow>,
    /// Validation predictions of the epoch whose weights were kept; none of runs of earlier versions.
    pub validation: Vec<PredictionRow>,
    /// Evaluations on images that it was not tested on.
    pub evaluations: Vec<ExternalImages>,
}

/// An evaluation of a run with its predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalImages {
    /// What was recorded.
    pub row: EvaluationRow,
    /// Predictions.
    pub predictions: Vec<PredictionRow>,
}

/// A trial or run that has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    /// The trial's label.
    pub label: String,
    /// The run; `None` where none was started.
    pub run: Option<UnfinishedRun>,
}

/// A run that has no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnfinishedRun {
    /// Primary key.
    pub id: i64,
    /// How far it came.
    pub status: RunStatus,
    /// When it started.
    pub started_at: String,
    /// When it ended, where that is known.
    pub ended_at: Option<String>,
    /// Why it failed or diverged, where that is known.
    pub failure: Option<String>,
}

impl ReportData {
    /// The report of a sweep, to be recorded as a look at its results; `None` for chosen runs.
    pub fn look(&self) -> Option<NewLook> {
        let runs = self.runs.iter().map(|run| run.row.id).collect();
        let sweep = self.sweep.as_ref()?;
        Some(look(sweep, runs, &self.options, &self.baseline.to_string()))
    }

    /// Name of the report's folder: made of the sweep's id and name, or of the runs' ids, from
    /// lowercase letters, digits and hyphens only.
    pub fn slug(&self) -> String {
        if let Some(sweep) = &self.sweep {
            let name = slug(&sweep.name);
            let separator = if name.is_empty() { "" } else { "-" };
            return format!("sweep-{}{separator}{name}", sweep.id);
        }
        let ids: Vec<i64> = self
            .runs
            .iter()
            .map(|run| run.row.id)
            .chain(self.unfinished.iter().filter_map(|trial| Some(trial.run.as_ref()?.id)))
            .collect();
        let listed = ids.iter().map(i64::to_string).collect::<Vec<_>>().join("-");
        match (ids.iter().min(), ids.iter().max()) {
            (Some(first), Some(last)) if listed.len() > NAME_LENGTH => {
                format!("runs-{first}-to-{last}-{}-of-them", ids.len())
            }
            _ => format!("runs-{listed}"),
        }
    }
}

/// Lowercase letters and digits, anything else one hyphen.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= NAME_LENGTH {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use crate::fixture;

    #[test]
    fn a_report_lies_in_a_folder_that_any_system_can_name() {
        let mut data = fixture::ranks();
        assert_eq!(data.slug(), "sweep-3-ranks-of-block5");
        data.sweep.as_mut().unwrap().name = "../../etc/<b>Ränge</b>".into();
        assert_eq!(data.slug(), "sweep-3-etc-b-r-nge-b");
        data.sweep = None;
        data.unfinished.clear();
        data.runs.truncate(2);
        assert_eq!(data.slug(), "runs-1-2");
    }

    #[test]
    fn many_chosen_runs_still_make_a_short_name() {
        let mut data = fixture::ranks();
        data.sweep = None;
        data.unfinished.clear();
        let run = data.runs[0].clone();
        data.runs = (100..160)
            .map(|id| {
                let mut run = run.clone();
                run.row.id = id;
                run
            })
            .collect();
        assert_eq!(data.slug(), "runs-100-to-159-60-of-them");
    }
}
