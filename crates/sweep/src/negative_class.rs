//! Names the negative class of planned trials where only the positive one is named: it is the dataset's other class.

use std::path::Path;

use ranklab_data::{Progress, other_class};
use ranklab_settings::SYNTHETIC;

use crate::{Error, plan::Plan};

impl Plan {
    /// Names the negative class of every trial that names the positive one alone, by listing its dataset.
    ///
    /// # Errors
    /// When a dataset cannot be listed or has not exactly one other class, or `progress` requests a stop.
    pub fn name_negative_classes(&mut self, progress: Progress<'_>) -> Result<(), Error> {
        let mut known: Vec<(String, String, String)> = Vec::new();
        for trial in &mut self.trials {
            let data = &mut trial.config.data;
            if data.dataset == SYNTHETIC || !data.scheme().lacks_negative() {
                continue;
            }
            let is_of = |(dataset, positive, _): &&(String, String, String)| {
                *dataset == data.dataset && *positive == data.positive
            };
            if let Some((_, _, negative)) = known.iter().find(is_of) {
                data.negative.clone_from(negative);
                continue;
            }
            data.negative = other_class(Path::new(&data.dataset), &data.scheme(), progress)?;
            known.push((data.dataset.clone(), data.positive.clone(), data.negative.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ranklab_data::unwatched;
    use ranklab_settings::Experiment;

    use super::*;

    #[test]
    fn the_plan_of_a_positive_class_alone_equals_that_of_both_names() {
        let folder = tempfile::tempdir().unwrap();
        for class in ["ill", "well"] {
            fs::create_dir(folder.path().join(class)).unwrap();
            fs::write(folder.path().join(class).join("a.png"), "x").unwrap();
        }
        let dataset = format!("dataset={}", folder.path().display());
        let plan = |more: &[&str]| {
            let settings = [&[dataset.as_str(), "positive=ill", "rank=1,2"], more].concat();
            let mut plan = Plan::new(&Experiment::default().with_overrides(settings).unwrap()).unwrap();
            plan.name_negative_classes(&unwatched).map(|()| plan)
        };
        let named = plan(&["negative=well"]).unwrap();
        let found = plan(&[]).unwrap();
        assert!(found.configurations().all(|config| config.data.negative == "well"));
        assert_eq!(found.hash(), named.hash());
        fs::create_dir(folder.path().join("more")).unwrap();
        fs::write(folder.path().join("more/a.png"), "x").unwrap();
        assert!(plan(&[]).unwrap_err().to_string().contains("only two classes are supported"));
        assert_eq!(plan(&["negative=well"]).unwrap(), named);
    }
}
