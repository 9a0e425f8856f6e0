//! A sweep whose labels are shuffled holds no differences: its reports must claim none, beyond the error
//! rate that they say they have.

use std::collections::BTreeMap;

use ranklab_report::{ReportData, Selection, load, render_markdown};
use ranklab_store::Store;

use crate::command::{Ranklab, succeeded};

/// Reports of the same sweep, each with labels of its own.
const SHUFFLES: usize = 60;
/// The chance, by the report's word, that one of them claims any difference.
const ALPHA: f64 = 0.05;

/// Few enough epochs that the ranks disagree on many cells.
const SWEEP: &[&str] = &[
    "rank=1,2,4,8",
    "images=600",
    "patients=60",
    "split=patient",
    "folds=2",
    "epochs=3",
    "batch_norm_momentum=0.5",
];

/// A small generator of the test's own (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % count
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

/// The labels of every image after those of whole patients were dealt anew and, as generated patients are
/// all alike, shuffled within each: as many cells of a patient are parasitized as before, but others.
fn shuffled_labels(data: &ReportData, random: &mut Random) -> BTreeMap<String, i64> {
    let mut labels_of: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut images: Vec<(&str, &str)> = Vec::new();
    for row in &data.runs[0].predictions {
        labels_of.entry(&row.patient).or_default().push(row.label);
        images.push((&row.patient, &row.image));
    }
    images.sort_unstable();
    let mut dealt: Vec<Vec<i64>> = labels_of.into_values().collect();
    random.shuffle(&mut dealt);
    dealt.iter_mut().for_each(|labels| random.shuffle(labels));
    images.into_iter().map(|(_, image)| image.to_owned()).zip(dealt.concat()).collect()
}

/// Writes the sweep's runs with other labels into a database of their own and reports it from there.
async fn report(data: &ReportData, labels: &BTreeMap<String, i64>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("ranklab.db")).await.unwrap();
    let mut runs = Vec::new();
    for run in &data.runs {
        let id = store.start_run(&run.row.start).await.unwrap();
        let mut predictions = run.predictions.clone();
        predictions.iter_mut().for_each(|row| row.label = labels[&*row.image]);
        store.finish_run(id, run.row.result.as_ref().unwrap(), &predictions, &[]).await.unwrap();
        runs.push(id);
    }
    let mut shuffled = load(&store, Selection::Runs(runs)).await.unwrap();
    store.close().await;
    // Validation figures choose the reference, and keep their labels.
    for (run, own) in shuffled.runs.iter_mut().zip(&data.runs) {
        run.validation.clone_from(&own.validation);
    }
    render_markdown(&shuffled).unwrap().details
}

/// The comparisons of a report, and those that claim a difference.
fn claims(report: &str) -> (usize, usize) {
    let section = report.split("## Against each other\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let sentences: Vec<&str> = section.lines().filter(|line| line.starts_with("- ")).collect();
    let claimed = |line: &&&str| line.contains(": better") || line.contains(": worse");
    (sentences.len(), sentences.iter().filter(claimed).count())
}

#[test]
fn reports_of_shuffled_labels_claim_differences_at_most_at_the_nominal_rate() {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(SWEEP));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async {
        let store = Store::open_read_only(&ranklab.path("runs").join("ranklab.db")).await.unwrap();
        let data = load(&store, Selection::LatestSweep).await.unwrap();
        store.close().await;
        // With its own labels the sweep has differences to be found, so that finding none means something.
        let own: BTreeMap<String, i64> =
            data.runs[0].predictions.iter().map(|row| (row.image.to_string(), row.label)).collect();
        let (comparisons, claimed) = claims(&report(&data, &own).await);
        assert!(comparisons == 3 && claimed > 0, "{claimed} of {comparisons} with the sweep's own labels");
        let (mut random, mut found) = (Random(0x9e37_79b9_7f4a_7c15), 0);
        for _ in 0..SHUFFLES {
            let labels = shuffled_labels(&data, &mut random);
            let (comparisons, claimed) = claims(&report(&data, &labels).await);
            assert_eq!(comparisons, 3);
            found += usize::from(claimed > 0);
        }
        found
    });
    let n = SHUFFLES as f64;
    let most = (n * ALPHA + 3.0 * (n * ALPHA * (1.0 - ALPHA)).sqrt()) as usize;
    assert!(found <= most, "{found} of {SHUFFLES} shuffled sweeps claim a difference, more than {most}");
}
