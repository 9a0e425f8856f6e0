//! Evaluations of a run in short, for commands that show them.

use ranklab_settings::Nouns;
use ranklab_store::Store;

use crate::analysis::{CallRates, External, Rate};
use crate::data::ExternalImages;
use crate::error::Result;
use crate::options::Options;
use crate::words::format::{NONE, four, percent};

/// A row of figures: the run on its own test cells, or an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalRow {
    /// Images, accuracy, sensitivity, specificity, AUC, share of positive images, mean probability.
    pub cells: [String; 7],
}

/// The run on its own test images, followed by these evaluations of it, with the figures of the report. `nouns` are
/// the run's words.
///
/// # Errors
/// When the run does not exist and when the database cannot be read.
pub async fn external_rows(
    store: &Store,
    run: i64,
    evaluations: &[i64],
    nouns: &Nouns,
) -> Result<Vec<ExternalRow>> {
    let (own, level) = (store.predictions(run).await?, Options::default().level());
    let mut rows = Vec::new();
    for row in store.evaluations_of(&[run]).await? {
        if !evaluations.contains(&row.id) {
            continue;
        }
        let predictions = store.evaluation_predictions(row.id).await?;
        let images = ExternalImages { row, predictions };
        let one = External::new(String::new(), &own, &images, level);
        // An imported run has no test.
        if rows.is_empty() && !own.is_empty() {
            rows.push(row_of(format!("its own test {}", nouns.image.many), &one.internal));
        }
        rows.push(row_of(format!("evaluation {}", one.recorded.id), &one.external));
    }
    Ok(rows)
}

fn row_of(images: String, rates: &CallRates) -> ExternalRow {
    let rate = |rate: Option<Rate>| match rate {
        Some(Rate { rate, interval, .. }) => {
            format!("{} ({} to {})", percent(rate), percent(interval.lower), percent(interval.upper))
        }
        None => NONE.to_owned(),
    };
    ExternalRow {
        cells: [
            images,
            rate(rates.accuracy),
            rate(rates.sensitivity),
            rate(rates.specificity),
            rates.auc.map_or_else(|| NONE.to_owned(), four),
            percent(rates.prevalence),
            percent(rates.mean_probability),
        ],
    }
}
