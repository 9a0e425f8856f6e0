//! An experiment: the settings of a sweep and the values that it varies, and the overrides of a command line.

use std::ffi::OsStr;

use toml::Value;

use crate::{
    AnalysisPlan, Error,
    analysis_settings::AnalysisSettings,
    key::{JOBS, Key, SlurmKey},
    slurm::SlurmSettings,
};

/// Settings, with one or several values for each key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiment {
    /// Display name.
    pub name: Option<String>,
    /// Number of trials that train together, if it is given.
    pub jobs: Option<usize>,
    /// Keys with their values, in the order given: one value is a setting, several are an axis.
    pub(crate) values: Vec<(Key, Vec<Value>)>,
    /// Settings of the analysis plan.
    pub(crate) analysis: AnalysisSettings,
    /// Settings of a Slurm job, of the experiment file and of the command line.
    pub slurm: SlurmSettings,
    /// Names of settings of a Slurm job that the command line gives.
    pub slurm_given: Vec<String>,
    /// Whether the learning rates hold the ladder that `auto` stands for.
    has_ladder: bool,
    /// Keys with invalid values.
    pub(crate) invalid: Vec<Key>,
}

/// Keys that a command line has given, with the names used.
#[derive(Default)]
struct Seen {
    settings: Vec<(Key, String)>,
    analysis: Vec<(Key, String)>,
}

impl Experiment {
    /// The analysis plan: what is given, and defaults for the rest.
    pub fn analysis_plan(&self) -> AnalysisPlan {
        self.analysis.plan(self.has_ladder)
    }

    /// Applies `key=value` overrides from a command line; lists and ranges become axes.
    ///
    /// # Errors
    /// When an override is not `key=value`, its key is unknown or given twice, or its value is invalid; all such
    /// overrides at once.
    pub fn with_overrides(
        mut self,
        overrides: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<Self, Error> {
        let mut problems = Vec::new();
        self.override_with(overrides, &mut problems);
        Error::all(problems).map_or(Ok(self), Err)
    }

    pub(crate) fn override_with(
        &mut self,
        overrides: impl IntoIterator<Item = impl AsRef<OsStr>>,
        problems: &mut Vec<Error>,
    ) {
        let mut seen = Seen::default();
        for setting in overrides {
            if let Err(problem) = self.override_one(setting.as_ref(), &mut seen) {
                problems.push(problem);
            }
        }
    }

    fn override_one(&mut self, setting: &OsStr, seen: &mut Seen) -> Result<(), Error> {
        let Some(text) = setting.to_str() else {
            return Err(Error::Setting(format!(
                "{setting:?} is not UTF-8 text; rename the file or folder, or give the path of a link to it"
            )));
        };
        let Some((name, list)) = text.split_once('=') else {
            return Err(Error::Setting(format!(
                "`{text}` is not key=value; give a key and its values, like rank=1,5,16"
            )));
        };
        let name = name.trim();
        if name == JOBS {
            let jobs = list.parse().ok().filter(|jobs| *jobs >= 1).ok_or_else(|| {
                Error::Setting(format!(
                    "{JOBS}: `{list}` is not a number of trials; give a whole number from 1"
                ))
            })?;
            if let Some(first) = self.jobs.replace(jobs) {
                return Err(Error::Setting(format!(
                    "`{JOBS}` is given twice, as {first} and as {jobs}: give it once"
                )));
            }
            return Ok(());
        }
        if let Some(key) = Key::find_analysis(name) {
            return self.override_analysis(key, name, list, &mut seen.analysis);
        }
        if let Some(key) = SlurmKey::find(name) {
            return self.override_slurm(key, list);
        }
        let key = Key::find(name, "")?;
        let earlier = earlier(&seen.settings, key);
        let values = key.parse_list(list).inspect_err(|_| self.invalid.push(key))?;
        match earlier {
            None => {
                self.set(key, values);
                self.note_ladder(key, list.split(','));
            }
            // A comma does not separate paths: each path is given with its key.
            Some(_) if key.is_verbatim() => self.add(key, values),
            Some(first) if first == name => {
                return Err(Error::Setting(format!(
                    "`{name}` is given twice: give one list, like {name}=1,2"
                )));
            }
            Some(first) => return Err(both_given(&first, name)),
        }
        seen.settings.push((key, name.to_owned()));
        Ok(())
    }

    /// Sets a key of the analysis plan, which has one value.
    fn override_analysis(
        &mut self,
        key: Key,
        name: &str,
        value: &str,
        seen: &mut Vec<(Key, String)>,
    ) -> Result<(), Error> {
        match earlier(seen, key) {
            Some(first) if first == name => {
                return Err(Error::Setting(format!("`{name}` is given twice: give it once")));
            }
            Some(first) => return Err(both_given(&first, name)),
            None => seen.push((key, name.to_owned())),
        }
        self.analysis.set(key, value)
    }

    /// Sets a key of the Slurm job, which has one value.
    fn override_slurm(&mut self, key: SlurmKey, value: &str) -> Result<(), Error> {
        if self.slurm_given.iter().any(|given| given == key.name) {
            return Err(Error::Setting(format!("`{}` is given twice: give it once", key.name)));
        }
        self.slurm_given.push(key.name.to_owned());
        self.slurm.set(key, value)
    }

    /// Remembers that elements of a list stand for a ladder.
    pub(crate) fn note_ladder<'a>(&mut self, key: Key, mut elements: impl Iterator<Item = &'a str>) {
        if key.has_ladder() {
            self.has_ladder = elements.any(|element| key.is_ladder(element.trim()));
        }
    }

    /// Sets a key unless the experiment has a value for it.
    ///
    /// # Errors
    /// When the value is invalid.
    pub fn with_default(mut self, name: &str, list: impl AsRef<OsStr>) -> Result<Self, Error> {
        let key = Key::find(name, "")?;
        if !self.values.iter().any(|(given, _)| *given == key) {
            let list = list.as_ref();
            let text = list.to_str().ok_or_else(|| {
                Error::Setting(format!(
                    "{name}: {list:?} is not UTF-8 text; give {name}= with a path that is"
                ))
            })?;
            self.set(key, key.parse_list(text)?);
            self.note_ladder(key, text.split(','));
        }
        Ok(self)
    }

    pub(crate) fn set(&mut self, key: Key, values: Vec<Value>) {
        match self.values.iter_mut().find(|(given, _)| *given == key) {
            Some((_, given)) => *given = values,
            None => self.values.push((key, values)),
        }
    }

    fn add(&mut self, key: Key, more: Vec<Value>) {
        match self.values.iter_mut().find(|(given, _)| *given == key) {
            Some((_, given)) => given.extend(more),
            None => self.values.push((key, more)),
        }
    }
}

/// The name under which a key was given before.
fn earlier(seen: &[(Key, String)], key: Key) -> Option<String> {
    seen.iter().find(|(seen, _)| *seen == key).map(|(_, name)| name.clone())
}

/// The error of a setting that is given under two names.
fn both_given(first: &str, second: &str) -> Error {
    Error::Setting(format!("`{first}` and `{second}` are one setting and both given: give one of them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_overrides_say_what_would_fit() {
        let message = |text: &str| Experiment::default().with_overrides([text]).unwrap_err().to_string();
        assert!(message("rank=0").contains("`0` is not a rank"));
        assert!(message("rank=abc").contains("`abc` is not a rank"));
        assert!(message("layers=block9").contains("`block9` is not a part of VGG16"));
        assert!(message("rnak=5").contains("did you mean `rank`?"));
        assert!(message("quite_another=5").contains("`ranklab sweep --keys` lists the keys"));
        assert!(message("epochs=0").contains("a whole number from 1"));
        assert!(message("model=model_6").contains("model_4 or model_5"));
        assert!(message("seed=4..0").contains("empty"));
        assert!(message("seed").contains("is not key=value"));
        assert!(message("dataset=").contains("no value is given"));
        assert!(message("lr=1e-50").contains("`1e-50` is 0 in single precision; give a number above 0"));
    }

    #[test]
    fn a_setting_given_twice_is_refused_under_all_its_names() {
        let twice =
            |overrides: [&str; 2]| Experiment::default().with_overrides(overrides).unwrap_err().to_string();
        assert!(twice(["rank=1", "rank=2"]).contains("`rank` is given twice"));
        assert!(twice(["lr=0.1", "learning_rate=0.2"]).contains("`lr` and `learning_rate` are one setting"));
        assert!(
            twice(["training.batch_size=8", "batch=16"]).contains("`training.batch_size` and `batch` are")
        );
        assert!(twice(["seed=1", "training.seed=1"]).contains("are one setting"));
        assert!(twice(["jobs=2", "jobs=3"]).contains("`jobs` is given twice, as 2 and as 3"));
    }

    #[test]
    fn several_paths_are_given_one_by_one() {
        let experiment =
            Experiment::default().with_overrides(["dataset=a,b", "rank=1", "dataset= c "]).unwrap();
        let [(_, datasets), _] = experiment.values.as_slice() else { panic!("{experiment:?}") };
        assert_eq!(datasets, &[Value::String("a,b".to_owned()), Value::String(" c ".to_owned())]);
    }

    #[test]
    fn all_wrong_settings_are_reported_at_once_a_line_each() {
        let overrides = ["rank=0", "rnak=1", "fold=7", "jobs=none", "epochs=2", "lr=-1"];
        let problem = Experiment::assemble(None, overrides).unwrap_err().to_string();
        let lines: Vec<&str> = problem.lines().collect();
        assert_eq!(lines.len(), 5, "{problem}");
        for expected in ["rank: `0`", "unknown key `rnak`", "jobs: `none`", "lr: `-1`", "fold is 7"] {
            assert!(lines.iter().any(|line| line.contains(expected)), "{expected}: {problem}");
        }
    }

    #[test]
    fn settings_of_a_slurm_job_change_no_trial_and_are_given_once() {
        let given = |overrides: &[&str]| Experiment::default().with_overrides(overrides.iter().copied());
        let experiment = given(&["rank=1", "workers=8", "slurm.time=3h"]).unwrap();
        assert_eq!((experiment.slurm.workers, experiment.slurm.time), (Some(8), Some(10_800)));
        assert_eq!(experiment.slurm_given, ["workers", "time"]);
        assert_eq!(experiment.resolve_all().unwrap(), given(&["rank=1"]).unwrap().resolve_all().unwrap());
        let twice = given(&["workers=8", "slurm.workers=9"]).unwrap_err().to_string();
        assert_eq!(twice, "`workers` is given twice: give it once");
        let unknown = given(&["wrokers=8"]).unwrap_err().to_string();
        assert_eq!(unknown, "unknown key `wrokers`: did you mean `workers`?");
    }

    #[cfg(unix)]
    #[test]
    fn a_setting_that_is_no_text_is_named() {
        use std::os::unix::ffi::OsStrExt as _;
        let setting = OsStr::from_bytes(b"dataset=caf\xe9");
        let problem = Experiment::default().with_overrides([setting]).unwrap_err().to_string();
        assert!(problem.contains(r#""dataset=caf\xE9" is not UTF-8 text"#), "{problem}");
    }
}
