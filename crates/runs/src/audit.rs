//! What a run has seen of other images: those with the bytes of its training or validation images, and groups with the
//! names of theirs.

use std::collections::BTreeSet;

use ranklab_data::{ImageSet, ManifestEntry, Split};
use ranklab_settings::{DataConfig, GroupRule};
use ranklab_store::{NewEvaluation, RunStatus};
use ranklab_trainer::Stop;

use crate::{
    Error,
    dataset::Dataset,
    finished_run::FinishedRun,
    locations::Locations,
    recorded_paths::locate,
    shared_groups::{Grouped, shared_groups},
    short_hash::short_hash,
    source_event::SourceEvent,
};

/// Why the counts of a run that began from an adapter are no more than a part.
const STARTED: &str =
    "training started from an adapter (`start=`), which does not say what it was trained on";

/// What a run has seen of other images. A count is absent where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Images with the bytes of a training or validation image.
    pub images: Option<usize>,
    /// Groups with the name of a group in training or validation.
    pub groups: Option<usize>,
    /// Why a count is not known.
    pub problem: Option<String>,
}

impl Audit {
    fn unknown(problem: String) -> Self {
        Self { problem: Some(problem), ..Self::default() }
    }

    /// What a recorded evaluation says.
    pub fn recorded(evaluation: &NewEvaluation) -> Self {
        let count = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
        Self {
            images: count(evaluation.shared_images),
            groups: count(evaluation.shared_patients),
            problem: evaluation.audit_problem.clone(),
        }
    }

    /// What an evaluation must be warned of, in one line.
    pub fn warning(&self) -> Option<String> {
        let count =
            |count: Option<usize>| count.map_or("an unknown number".to_owned(), |count| count.to_string());
        let is_seen = [self.images, self.groups].into_iter().flatten().any(|count| count > 0);
        let counts = is_seen.then(|| {
            format!(
                "the run was trained or validated on {} of these images and on {} groups of these names: this is no \
                 external validation",
                count(self.images),
                count(self.groups)
            )
        });
        let unknown =
            self.problem.as_ref().map(|problem| format!("it is not known what the run has seen: {problem}"));
        let lines: Vec<String> = counts.into_iter().chain(unknown).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    /// The counts of images and groups and the reason for what is not known, as an evaluation records them: counts where
    /// both are known, or else the reason, which names what is known.
    pub(crate) fn to_record(&self) -> (Option<i64>, Option<i64>, Option<String>) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        match (self.images, self.groups, &self.problem) {
            (Some(images), Some(groups), None) => (Some(number(images)), Some(number(groups)), None),
            (images, groups, problem) => {
                let known = [(images, "images"), (groups, "groups")];
                let seen =
                    known.iter().filter_map(|(count, of)| Some(format!("{} of these {of}", (*count)?)));
                let seen = seen.collect::<Vec<_>>().join(" and ");
                let reason = problem.as_deref().unwrap_or("it could not be compared");
                let and =
                    if seen.is_empty() { String::new() } else { format!("; its own images hold {seen}") };
                (None, None, Some(format!("{reason}{and}")))
            }
        }
    }

    /// Without the counts of 0, for a run that was trained on more than its own images.
    fn at_least(self, problem: &str) -> Self {
        let found = |count: Option<usize>| count.filter(|count| *count > 0);
        Self { images: found(self.images), groups: found(self.groups), problem: Some(problem.to_owned()) }
    }
}

/// Compares `images`, whose groups were found by `rule`, with those that a run was trained and validated on, which are
/// read again.
///
/// # Errors
/// When a stop is requested.
pub fn audit(
    run: &FinishedRun,
    images: &ImageSet,
    rule: &GroupRule,
    locations: &Locations,
    stop: &Stop,
    on_event: &mut dyn FnMut(SourceEvent),
) -> Result<Audit, Error> {
    if run.row.status == RunStatus::Imported {
        return Ok(Audit::unknown("an imported adapter does not say what it was trained on".to_owned()));
    }
    let mut config = run.config.clone();
    let opened = locate(&mut config, &locations.runs_folder)
        .and_then(|_| Dataset::open(&config.data, locations, stop, on_event));
    let dataset = match opened {
        Ok(dataset) => dataset,
        Err(Error::Data(ranklab_data::Error::Stopped)) => {
            return Err(Error::Data(ranklab_data::Error::Stopped));
        }
        Err(problem) => {
            return Ok(Audit::unknown(format!("the run's own images cannot be read: {problem}")));
        }
    };
    let split = match own_split(run, &config.data, &dataset) {
        Ok(split) => split,
        Err(problem) => return Ok(Audit::unknown(problem)),
    };
    let own_rule = config.data.scheme().group;
    let seen = split.train.iter().chain(&split.validation).map(|&image| &dataset.images.entries[image]);
    let own = Grouped { entries: seen.collect(), rule: &own_rule };
    let others = Grouped { entries: images.entries.iter().collect(), rule };
    let audit = compare(&own, &others);
    Ok(match config.adapter.is_some_and(|adapter| adapter.start.is_some()) {
        true => audit.at_least(STARTED),
        false => audit,
    })
}

/// The split of the run's own images, if both are still what they were; else the reason.
fn own_split(run: &FinishedRun, data: &DataConfig, dataset: &Dataset) -> Result<Split, String> {
    let (images, start) = (&dataset.images, &run.row.start);
    let changed = |what: &str, then: &str, now: &str| {
        let (dataset, then, now) = (&data.dataset, short_hash(then), short_hash(now));
        format!(
            "the run's own {what} at {dataset} have changed: their hash was {then} and now is {now}; put back those that it \
             was trained with"
        )
    };
    let is_former = dataset.former_hashes().contains(&start.image_set_hash);
    if images.hash != start.image_set_hash && !is_former {
        return Err(changed("images", &start.image_set_hash, &images.hash));
    }
    let split = Split::new(images, &data.split).map_err(|problem| problem.to_string())?;
    // The hash of a split is made of names, which were others in earlier versions.
    if split.hash != start.split_hash && !is_former {
        return Err(changed("parts of the split", &start.split_hash, &split.hash));
    }
    Ok(split)
}

fn compare(own: &Grouped<'_>, others: &Grouped<'_>) -> Audit {
    let bytes: BTreeSet<&str> = own.entries.iter().map(|entry| entry.content_hash.as_str()).collect();
    let is_shared = |entry: &&&ManifestEntry| bytes.contains(entry.content_hash.as_str());
    let images = Some(others.entries.iter().filter(is_shared).count());
    match shared_groups(own, others) {
        Ok(groups) => Audit { images, groups: Some(groups), problem: None },
        Err(problem) => Audit { images, groups: None, problem: Some(problem) },
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use ranklab_settings::{SplitKind, TrialConfig, default_settings};
    use ranklab_store::{NewRun, RunRow};

    use super::*;

    /// Writes the table `t.csv` of 12 images, of which `part` gives each its part, and returns its settings.
    fn table(folder: &Path, part: impl Fn(usize) -> &'static str) -> DataConfig {
        let mut rows = "path,label,group,split\n".to_owned();
        for image in 0..12_usize {
            let shade = u8::try_from(20 * image).unwrap();
            let png = ranklab_data::encode_png(&[shade; 3 * 64], 8).unwrap();
            fs::write(folder.join(format!("{image}.png")), png).unwrap();
            let class = if image % 2 == 0 { "ben" } else { "mal" };
            rows += &format!("{image}.png,{class},p{image},{}\n", part(image));
        }
        fs::write(folder.join("t.csv"), rows).unwrap();
        let mut data = DataConfig {
            dataset: folder.join("t.csv").display().to_string(),
            negative: "ben".to_owned(),
            positive: "mal".to_owned(),
            ..DataConfig::default()
        };
        data.split.kind = SplitKind::Given;
        data
    }

    fn locations(folder: &Path) -> Locations {
        let at = |name: &str| folder.join(name);
        Locations {
            runs_folder: at("runs"),
            features_folder: at("features"),
            data_folder: at("data"),
            imagenet_weights: at("weights"),
        }
    }

    fn open(data: &DataConfig, folder: &Path) -> Dataset {
        Dataset::open(data, &locations(folder), &Stop::default(), &mut |_| {}).unwrap()
    }

    /// A run that was trained on what `data` names.
    fn trained(data: &DataConfig, folder: &Path) -> FinishedRun {
        let images = open(data, folder).images;
        let mut config: TrialConfig = serde_json::from_value(default_settings()).unwrap();
        config.data = data.clone();
        let start = NewRun {
            config: config.canonical_json(),
            split_hash: Split::new(&images, &data.split).unwrap().hash,
            image_set_hash: images.hash,
            ..NewRun::default()
        };
        let row = RunRow {
            id: 1,
            status: RunStatus::Finished,
            failure: None,
            started_at: String::new(),
            ended_at: None,
            start,
            result: None,
        };
        FinishedRun::new(row, Vec::new()).unwrap()
    }

    /// What the run has seen of all its own images.
    fn of_all(run: &FinishedRun, data: &DataConfig, folder: &Path) -> Audit {
        let images = open(data, folder).images;
        let stop = Stop::default();
        audit(run, &images, &data.scheme().group, &locations(folder), &stop, &mut |_| {}).unwrap()
    }

    #[test]
    fn counts_are_recorded_where_both_are_known_or_else_the_reason_with_what_is_known() {
        let known = Audit { images: Some(2), groups: Some(1), problem: None };
        assert_eq!(known.to_record(), (Some(2), Some(1), None));
        let partly = Audit { images: Some(40), groups: None, problem: Some("no groups".into()) };
        assert_eq!(
            partly.to_record(),
            (None, None, Some("no groups; its own images hold 40 of these images".into()))
        );
        assert_eq!(Audit::unknown("gone".into()).to_record(), (None, None, Some("gone".into())));
    }

    #[test]
    fn a_split_that_was_edited_since_makes_the_audit_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let as_trained = |image: usize| if image < 8 { "train" } else { "test" };
        let data = table(folder, as_trained);
        let run = trained(&data, folder);
        let known = Audit { images: Some(8), groups: Some(8), problem: None };
        assert_eq!(of_all(&run, &data, folder), known);
        assert!(known.warning().unwrap().contains("on 8 of these images and on 8 groups"));
        table(folder, |image| if image < 4 { "test" } else { "train" });
        let found = of_all(&run, &data, folder);
        assert_eq!((found.images, found.groups), (None, None));
        let warning = found.warning().unwrap();
        assert!(
            warning.contains("the run's own parts of the split at ") && !warning.contains('\n'),
            "{warning}"
        );
        table(folder, as_trained);
        assert_eq!(of_all(&run, &data, folder), known);
    }

    #[test]
    fn a_run_that_began_from_an_adapter_has_seen_more_than_its_own_images() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let data = table(folder, |image| if image < 8 { "train" } else { "test" });
        let mut run = trained(&data, folder);
        run.config.adapter.as_mut().unwrap().start = Some("/adapters/first".to_owned());
        // What is seen stays so; a count of none is not known.
        let found = of_all(&run, &data, folder);
        assert_eq!((found.images, found.groups), (Some(8), Some(8)));
        let warning = found.warning().unwrap();
        assert!(warning.contains("no external validation; it is not known what"), "{warning}");
        let unseen = Audit { images: Some(0), groups: Some(0), problem: None };
        assert_eq!(unseen.warning(), None);
        assert_eq!(unseen.at_least(STARTED), Audit::unknown(STARTED.to_owned()));
    }
}
