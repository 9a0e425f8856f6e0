//! Describes the differences between a recorded and a repeated run.

use std::collections::BTreeMap;

use ranklab_store::{EpochMetric, PredictionRow, RunResult, StepMetric};
use serde_json::Value;

/// A difference between the recorded and the repeated run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Name of the compared values.
    pub what: &'static str,
    /// Description of the difference.
    pub how: String,
}

/// Metrics per epoch that depend on the machine.
const MACHINE_METRICS: [&str; 2] = ["seconds", "images_per_second"];
/// Results of a run that depend on the machine.
const MACHINE_RESULTS: [&str; 5] =
    ["feature_seconds", "train_seconds", "test_seconds", "images_per_second", "peak_memory_bytes"];
/// Largest relative difference between sums of equal terms in another order.
const ROUNDING: f64 = 1e-12;
/// Explanation for runs that differ only in sums.
pub(crate) const SUMS_EXPLANATION: &str = " (only the last digits of mean losses differ; steps, predictions and weights are equal: earlier builds added losses up in an order that depended on the trials trained together)";

/// Whether two numbers differ in any bit; all values that are not a number are equal.
fn differ(then: f64, now: f64) -> bool {
    then.to_bits() != now.to_bits() && !(then.is_nan() && now.is_nan())
}

/// The first key at which two series differ, with both values.
fn first_difference<K: Ord + Clone>(both: [BTreeMap<K, f64>; 2]) -> Option<(K, Option<f64>, Option<f64>)> {
    let [then, now] = both;
    let keys: std::collections::BTreeSet<&K> = then.keys().chain(now.keys()).collect();
    keys.into_iter().find_map(|key| {
        let values = (then.get(key).copied(), now.get(key).copied());
        let differs = match values {
            (Some(then), Some(now)) => differ(then, now),
            _ => true,
        };
        differs.then(|| (key.clone(), values.0, values.1))
    })
}

fn text(value: Option<f64>) -> String {
    value.map_or("nothing".to_owned(), |value| value.to_string())
}

/// Describes the first step at which two runs differ.
pub(crate) fn first_step(both: &[Vec<StepMetric>; 2]) -> Option<String> {
    let series = both.each_ref().map(|metrics| {
        metrics
            .iter()
            .map(|metric| ((metric.step, metric.metric.clone(), metric.epoch), metric.value))
            .collect()
    });
    let ((step, metric, epoch), then, now) = first_difference(series)?;
    Some(format!("from step {step} in epoch {epoch} on: {metric} was {}, now {}", text(then), text(now)))
}

/// Describes the first epoch at which two runs differ; metrics that depend on the machine are not compared.
pub(crate) fn first_epoch(both: &[Vec<EpochMetric>; 2]) -> Option<String> {
    let ((epoch, metric), then, now) = first_difference(both.each_ref().map(|metrics| computed(metrics)))?;
    Some(format!("from epoch {epoch} on: {metric} was {}, now {}", text(then), text(now)))
}

/// Describes how the predictions of two runs differ.
pub(crate) fn prediction_differences(both: &[Vec<PredictionRow>; 2]) -> Option<String> {
    let [then, now] = both
        .each_ref()
        .map(|rows| rows.iter().map(|row| (&*row.image, row.probability)).collect::<BTreeMap<&str, f64>>());
    let shared = then.iter().filter_map(|(image, then)| Some((*then, *now.get(image)?)));
    let distances: Vec<f64> =
        shared.filter(|(then, now)| differ(*then, *now)).map(|(then, now)| (then - now).abs()).collect();
    let missing = then.keys().filter(|image| !now.contains_key(*image)).count();
    let added = now.keys().filter(|image| !then.contains_key(*image)).count();
    if distances.is_empty() && missing + added == 0 {
        return None;
    }
    let largest = distances.iter().copied().fold(0.0, f64::max);
    let mut how = format!("{} of {} differ, by {largest:e} at most", distances.len(), then.len());
    if missing + added > 0 {
        how += &format!("; {missing} images are missing and {added} are new");
    }
    Some(how)
}

/// The metrics per epoch that do not depend on the machine.
fn computed(metrics: &[EpochMetric]) -> BTreeMap<(i64, String), f64> {
    let computed = metrics.iter().filter(|metric| !MACHINE_METRICS.contains(&metric.metric.as_str()));
    computed.map(|metric| ((metric.epoch, metric.metric.clone()), metric.value)).collect()
}

/// All differences between the results of two runs, without results that depend on the machine.
pub(crate) fn result_differences([then, now]: [&Option<RunResult>; 2]) -> Vec<Difference> {
    let (Some(then), Some(now)) = (then, now) else { return Vec::new() };
    let mut differences = Vec::new();
    if then.best_epoch != now.best_epoch {
        let how = format!("epoch {} was the best, now {}", then.best_epoch, now.best_epoch);
        differences.push(Difference { what: "best epoch", how });
    }
    if then.model_hash != now.model_hash {
        let how = format!("their hash was {}, now {}", then.model_hash, now.model_hash);
        differences.push(Difference { what: "weights", how });
    }
    let compared = ["best_epoch", "model_hash"];
    let [then, now] = [then, now].map(figures);
    let others = then.iter().filter(|(name, _)| !compared.contains(&name.as_str()));
    for (name, then) in others {
        let now = now.get(name).unwrap_or(&Value::Null);
        if then != now {
            let how = format!("{name} was {then}, now {now}");
            differences.push(Difference { what: "figures of the test", how });
        }
    }
    differences
}

/// The results that do not depend on the machine, by name.
fn figures(result: &RunResult) -> BTreeMap<String, Value> {
    let Ok(Value::Object(all)) = serde_json::to_value(result) else { return BTreeMap::new() };
    all.into_iter().filter(|(name, _)| !MACHINE_RESULTS.contains(&name.as_str())).collect()
}

/// Whether two runs differ only in mean losses of validation and test images, and by no more than the order of a sum
/// explains.
pub(crate) fn differ_in_sums_only(
    differences: &[Difference],
    epochs: &[Vec<EpochMetric>; 2],
    results: [&Option<RunResult>; 2],
) -> bool {
    let near = |then: f64, now: f64| (then - now).abs() <= ROUNDING * then.abs();
    let [then, now] = epochs.each_ref().map(|metrics| computed(metrics));
    let same_epochs = then.len() == now.len()
        && then.iter().all(|(key, then)| {
            now.get(key)
                .is_some_and(|now| !differ(*then, *now) || (key.1 == "validation_loss" && near(*then, *now)))
        });
    let same_tests = match results {
        [Some(then), Some(now)] => near(then.test_loss, now.test_loss),
        _ => false,
    };
    let of_sums = |difference: &Difference| {
        difference.what == "metrics per epoch" || difference.how.starts_with("test_loss was ")
    };
    !differences.is_empty() && same_epochs && same_tests && differences.iter().all(of_sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: i64, value: f64) -> StepMetric {
        StepMetric { epoch: 1, step, metric: "loss".to_owned(), value }
    }

    fn prediction(image: &str, probability: f64) -> PredictionRow {
        PredictionRow { image: image.into(), patient: "C1".into(), label: 1, probability }
    }

    #[test]
    fn the_first_difference_between_two_runs_is_described_to_the_last_bit() {
        let almost = f64::from_bits(0.25f64.to_bits() + 1);
        let series = |last: f64| vec![step(1, 0.5), step(2, f64::NAN), step(3, last)];
        assert_eq!(first_step(&[series(0.25), series(0.25)]), None);
        assert_eq!(
            first_step(&[series(0.25), series(almost)]).unwrap(),
            "from step 3 in epoch 1 on: loss was 0.25, now 0.25000000000000006"
        );
        assert_eq!(
            first_step(&[series(0.25), series(0.25)[..2].to_vec()]).unwrap(),
            "from step 3 in epoch 1 on: loss was 0.25, now nothing"
        );
        let epoch = |metric: &str, value| EpochMetric { epoch: 1, metric: metric.to_owned(), value };
        assert_eq!(first_epoch(&[vec![epoch("seconds", 1.0)], vec![epoch("seconds", 2.0)]]), None);
        assert!(first_epoch(&[vec![epoch("train_loss", 1.0)], vec![epoch("train_loss", 2.0)]]).is_some());
    }

    #[test]
    fn differing_missing_and_new_predictions_are_counted() {
        let then = vec![prediction("a", 0.5), prediction("b", 0.25), prediction("c", 0.75)];
        assert_eq!(prediction_differences(&[then.clone(), then.clone()]), None);
        let now = vec![prediction("a", 0.5), prediction("b", 0.5), prediction("d", 0.75)];
        assert_eq!(
            prediction_differences(&[then, now]).unwrap(),
            "1 of 3 differ, by 2.5e-1 at most; 1 images are missing and 1 are new"
        );
    }

    fn result(test_loss: f64) -> Option<RunResult> {
        Some(RunResult { test_loss, train_seconds: test_loss, ..RunResult::default() })
    }

    #[test]
    fn every_figure_of_the_end_is_compared_but_times_and_memory() {
        assert_eq!(result_differences([&result(0.25), &result(0.25)]), []);
        let other = Some(RunResult { auc: Some(0.5), train_seconds: 7.0, ..result(0.25).unwrap() });
        let found = result_differences([&result(0.25), &other]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].how, "auc was null, now 0.5");
    }

    #[test]
    fn sums_in_another_order_are_distinguished_from_other_computations() {
        let epochs = |loss: f64, accuracy: f64| {
            [("validation_loss", loss), ("validation_accuracy", accuracy)]
                .map(|(metric, value)| EpochMetric { epoch: 1, metric: metric.to_owned(), value })
                .to_vec()
        };
        let almost = |value: f64| f64::from_bits(value.to_bits() + 3);
        let sums_only = |epochs: [Vec<EpochMetric>; 2], results: [&Option<RunResult>; 2]| {
            let mut differences = result_differences(results);
            let how = first_epoch(&epochs);
            differences.extend(how.map(|how| Difference { what: "metrics per epoch", how }));
            differ_in_sums_only(&differences, &epochs, results)
        };
        let (then, same) = (epochs(0.75, 0.5), result(0.25));
        assert!(sums_only([then.clone(), epochs(almost(0.75), 0.5)], [&same, &same]));
        assert!(sums_only([then.clone(), then.clone()], [&same, &result(almost(0.25))]));
        assert!(!sums_only([then.clone(), then.clone()], [&same, &same]));
        assert!(!sums_only([then.clone(), epochs(0.7501, 0.5)], [&same, &same]));
        assert!(!sums_only([then.clone(), epochs(almost(0.75), almost(0.5))], [&same, &same]));
        assert!(!sums_only([then.clone(), epochs(almost(0.75), 0.5)[..1].to_vec()], [&same, &same]));
        assert!(!sums_only([then.clone(), epochs(almost(0.75), 0.5)], [&same, &result(0.26)]));
    }
}
