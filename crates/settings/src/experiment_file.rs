//! Reads experiment files: TOML with a value for each setting and a list for each axis, in the order of the file.

use std::{fs::File, io::Read as _, path::Path};

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use crate::{
    Error,
    experiment::Experiment,
    key::{ANALYSIS, ANALYSIS_KEYS, Key, Kind, SLURM, SlurmKey, suggest},
};

/// Largest experiment file in bytes; usual ones have a few hundred.
const LARGEST_FILE: u64 = 1 << 20;

/// Tables of settings in an experiment file.
const TABLES: [&str; 6] = ["data", "data.split", "data.synthetic", "model", "adapter", "training"];
/// The table of axes.
const SWEEP: &str = "sweep";

impl Experiment {
    /// Reads an experiment file. Wrong settings are added to `problems`.
    ///
    /// # Errors
    /// When the file cannot be read or is not TOML.
    pub(crate) fn read_file(path: &Path, problems: &mut Vec<Error>) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(|reason| Error::Unreadable { path: path.to_owned(), reason })?;
        let wrong = |problem: String| Error::Experiment { path: path.to_owned(), problem };
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(wrong(format!("it is larger than {} KiB", LARGEST_FILE >> 10)));
        }
        let text = String::from_utf8(bytes).map_err(|problem| {
            let before = &problem.as_bytes()[..problem.utf8_error().valid_up_to()];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            wrong(format!("line {line}: it is not UTF-8 text"))
        })?;
        Self::parse(&text, path, problems)
    }

    fn parse(text: &str, path: &Path, problems: &mut Vec<Error>) -> Result<Self, Error> {
        let mut reader = Reader { text, path, problems, given: Vec::new(), experiment: Self::default() };
        let table = DeTable::parse(text).map_err(|problem| {
            let at = problem.span().map_or(0, |span| span.start);
            reader.wrong(at, &problem.message().lines().collect::<Vec<_>>().join(" "))
        })?;
        reader.experiment.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        for (name, value) in in_order(table.get_ref()) {
            match (name.get_ref().as_ref(), value.get_ref()) {
                ("name", DeValue::String(name)) => reader.experiment.name = Some(name.to_string()),
                ("name", _) => {
                    let problem = reader.wrong(value.span().start, "name is not text");
                    reader.problems.push(problem);
                }
                (SWEEP, DeValue::Table(axes)) => reader.take_axes("", axes),
                (SWEEP, _) => {
                    let problem = reader.wrong(value.span().start, "[sweep] is not a table");
                    reader.problems.push(problem);
                }
                (ANALYSIS, DeValue::Table(plan)) => reader.take_plan(plan),
                (ANALYSIS, _) => {
                    let problem = reader.wrong(value.span().start, "[analysis] is not a table");
                    reader.problems.push(problem);
                }
                (SLURM, DeValue::Table(job)) => reader.take_slurm(job),
                (SLURM, _) => {
                    let problem = reader.wrong(value.span().start, "[slurm] is not a table");
                    reader.problems.push(problem);
                }
                _ => reader.take_setting("", name, value),
            }
        }
        Ok(reader.experiment)
    }
}

/// The entries of a table in the order of the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// State while an experiment file is read.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    problems: &'a mut Vec<Error>,
    /// Keys that the file gave, with their names there.
    given: Vec<(Key, String)>,
    experiment: Experiment,
}

impl Reader<'_> {
    fn wrong(&self, at: usize, problem: &str) -> Error {
        let line =
            self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::Experiment { path: self.path.to_owned(), problem: format!("line {line}: {problem}") }
    }

    fn take_setting(
        &mut self,
        prefix: &str,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let full = joined(prefix, name.get_ref());
        let file = format!(" in {}", self.path.display());
        if let DeValue::Table(inner) = value.get_ref() {
            if TABLES.contains(&full.as_str()) {
                for (name, value) in in_order(inner) {
                    self.take_setting(&full, name, value);
                }
                return;
            }
            let suggestion = suggest(&full, TABLES.into_iter().chain([SWEEP, ANALYSIS, SLURM]));
            self.problems.push(Error::UnknownKey { key: full, file, suggestion });
            return;
        }
        let key = match Key::find(&full, &file) {
            Ok(key) if key.path == full => key,
            // `rank` belongs to [adapter]; outside its table a reader would overlook it.
            Ok(key) => {
                let suggestion = format!(": did you mean `{}`?", key.path);
                self.problems.push(Error::UnknownKey { key: full, file, suggestion });
                return;
            }
            Err(problem) => return self.problems.push(problem),
        };
        let parts = match (value.get_ref(), key.kind) {
            // One rank per layer.
            (DeValue::Array(parts), Kind::Ranks | Kind::Layers) => joined_by(parts, "+"),
            (DeValue::Array(_), _) => {
                return self.refuse(
                    key,
                    value,
                    &format!("{full} is a list; give lists to vary under [sweep]"),
                );
            }
            (single, _) => written(single),
        };
        match parts.map(|text| key.parse(&text)) {
            None => self.refuse(key, value, &format!("{full} has a value of the wrong kind")),
            Some(Err(problem)) => self.refuse(key, value, &problem.to_string()),
            Some(Ok(parsed)) => self.give(key, &full, value, vec![parsed]),
        }
    }

    /// The settings of the analysis plan; several settings to tune may be a list.
    fn take_plan(&mut self, plan: &DeTable<'_>) {
        for (name, value) in in_order(plan) {
            let full = joined(ANALYSIS, name.get_ref());
            let Some(key) = Key::find_analysis(&full) else {
                let suggestion = suggest(&full, ANALYSIS_KEYS.iter().map(|key| key.path));
                let file = format!(" in {}", self.path.display());
                self.problems.push(Error::UnknownKey { key: full, file, suggestion });
                continue;
            };
            let text = match value.get_ref() {
                DeValue::Array(parts) if key.kind == Kind::Settings => joined_by(parts, ","),
                single => written(single),
            };
            let problem = match text.map(|text| self.experiment.analysis.set(key, &text)) {
                Some(Ok(())) => continue,
                Some(Err(problem)) => problem.to_string(),
                None => format!("{full} has a value of the wrong kind"),
            };
            let problem = self.wrong(value.span().start, &problem);
            self.problems.push(problem);
        }
    }

    /// The settings of a Slurm job; several options of sbatch may be a list.
    fn take_slurm(&mut self, job: &DeTable<'_>) {
        for (name, value) in in_order(job) {
            let full = joined(SLURM, name.get_ref());
            let Some(key) = SlurmKey::find(&full) else {
                self.problems.push(SlurmKey::unknown(&full, format!(" in {}", self.path.display())));
                continue;
            };
            let text = match value.get_ref() {
                DeValue::Array(options) if key.name == "extra" => joined_by(options, " "),
                single => written(single),
            };
            let problem = match text.map(|text| self.experiment.slurm.set(key, &text)) {
                Some(Ok(())) => continue,
                Some(Err(problem)) => problem.to_string(),
                None => format!("{full} has a value of the wrong kind"),
            };
            let problem = self.wrong(value.span().start, &problem);
            self.problems.push(problem);
        }
    }

    fn take_axes(&mut self, prefix: &str, axes: &DeTable<'_>) {
        let file = format!(" in [sweep] of {}", self.path.display());
        for (name, value) in in_order(axes) {
            let full = joined(prefix, name.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.take_axes(&full, inner);
                continue;
            }
            match Key::find(&full, &file) {
                Err(problem) => self.problems.push(problem),
                Ok(key) => match self.axis(key, &full, value) {
                    Ok(values) => {
                        self.give(key, &format!("{full}` in `[sweep]"), value, values);
                        let text = match value.get_ref() {
                            DeValue::Array(elements) => joined_by(elements, ","),
                            single => written(single),
                        };
                        self.experiment.note_ladder(key, text.unwrap_or_default().split(','));
                    }
                    Err(problem) => self.refuse(key, value, &problem),
                },
            }
        }
    }

    /// The values of an axis.
    ///
    /// # Errors
    /// When a value is invalid, with the reason.
    fn axis(&self, key: Key, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<toml::Value>, String> {
        let not_a_list = || format!("{name} in [sweep] is not a list");
        let DeValue::Array(elements) = value.get_ref() else {
            let text = written(value.get_ref()).ok_or_else(not_a_list)?;
            return key.parse_list(&text).map_err(|problem| problem.to_string());
        };
        if elements.is_empty() {
            return Err(format!("{name} in [sweep]: the list is empty; give {}", key.fitting()));
        }
        let mut values = Vec::new();
        for element in elements.iter() {
            let text = match element.get_ref() {
                // One rank per layer.
                DeValue::Array(parts) if matches!(key.kind, Kind::Ranks | Kind::Layers) => {
                    joined_by(parts, "+")
                }
                single => written(single),
            };
            let text = text.ok_or_else(not_a_list)?;
            values.extend(key.parse_element(&text).map_err(|problem| problem.to_string())?);
        }
        Ok(values)
    }

    fn give(&mut self, key: Key, name: &str, value: &Spanned<DeValue<'_>>, values: Vec<toml::Value>) {
        if let Some((_, first)) = self.given.iter().find(|(given, _)| *given == key) {
            let problem = format!("`{first}` and `{name}` are one setting and both given: give one of them");
            return self.refuse(key, value, &problem);
        }
        self.given.push((key, name.to_owned()));
        self.experiment.set(key, values);
    }

    fn refuse(&mut self, key: Key, value: &Spanned<DeValue<'_>>, problem: &str) {
        self.problems.push(self.wrong(value.span().start, problem));
        self.experiment.invalid.push(key);
    }
}

fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// The elements of an array as text, as on a command line.
fn joined_by(parts: &DeArray<'_>, separator: &str) -> Option<String> {
    let parts: Option<Vec<String>> = parts.iter().map(|part| written(part.get_ref())).collect();
    parts.map(|parts| parts.join(separator))
}

/// A TOML value as text, as on a command line.
fn written(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => match number.radix() {
            10 => Some(number.as_str().to_owned()),
            radix => i64::from_str_radix(number.as_str(), radix).ok().map(|number| number.to_string()),
        },
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Array(_) | DeValue::Table(_) | DeValue::Datetime(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Experiment, String> {
        let mut problems = Vec::new();
        let experiment = Experiment::parse(text, Path::new("x.toml"), &mut problems);
        let experiment = experiment.map_err(|problem| problem.to_string())?;
        Error::all(problems).map_or(Ok(experiment), |problem| Err(problem.to_string()))
    }

    fn axes(experiment: &Experiment) -> Vec<(&str, usize)> {
        experiment.values.iter().map(|(key, values)| (key.short, values.len())).collect()
    }

    #[test]
    fn a_file_gives_settings_and_axes_and_overrides_win() {
        let experiment = parse(
            "name = \"ranks\"\n[adapter]\nlayers = \"block5\"\n[training]\nepochs = 3\n[sweep]\nseed = \"0..2\"\nrank = [1, 5]\n",
        )
        .unwrap()
        .with_overrides(["rank=7", "lr=0.01"])
        .unwrap();
        let lengths = axes(&experiment);
        assert!(
            lengths.contains(&("rank", 1)) && lengths.contains(&("seed", 3)) && lengths.contains(&("lr", 1))
        );
        assert_eq!(experiment.name.as_deref(), Some("ranks"));
    }

    #[test]
    fn a_file_gives_an_analysis_plan_and_overrides_win() {
        let experiment = parse(
            "[analysis]\nbaseline = \"model_5 rank=4\"\nmargin = 2\nplanned_seeds = 5\ntune = [\"lr\", \"weight_decay\"]\n[sweep]\nlr = \"auto\"\n",
        )
        .unwrap();
        let plan = experiment.analysis_plan();
        assert_eq!((plan.baseline.to_string().as_str(), plan.margin), ("model_5 rank=4", 2.0));
        assert_eq!(plan.tune, ["training.learning_rate", "training.weight_decay"]);
        assert_eq!(axes(&experiment), [("lr", 4)]);
        let plan = experiment.with_overrides(["margin=0.5", "tune=none"]).unwrap().analysis_plan();
        assert_eq!((plan.margin, plan.planned_seeds, plan.tune.len()), (0.5, Some(5), 0));
        for ladder in ["\"auto\"", "[\"auto\"]", "[\"auto\", 0.02]"] {
            let experiment = parse(&format!("[sweep]\nlearning_rate = {ladder}")).unwrap();
            assert_eq!(experiment.analysis_plan().tune, ["training.learning_rate"], "{ladder}");
            // A rate of the command line replaces the ladder.
            let one = experiment.with_overrides(["lr=0.005"]).unwrap();
            assert_eq!(one.analysis_plan().tune, [""; 0]);
        }
    }

    #[test]
    fn a_file_gives_a_slurm_job_and_overrides_win() {
        let experiment = parse(
            "[slurm]\nworkers = 8\ntime = \"3h\"\nmemory = \"8G\"\nextra = [\"--nice\", \"--constraint=x\"]\n",
        )
        .unwrap();
        assert_eq!((experiment.slurm.workers, experiment.slurm.time), (Some(8), Some(10_800)));
        assert_eq!(experiment.slurm.extra.as_deref(), Some("--nice --constraint=x"));
        assert_eq!(experiment.slurm_given, [""; 0]);
        let experiment = experiment.with_overrides(["workers=2"]).unwrap();
        assert_eq!((experiment.slurm.workers, experiment.slurm.memory.as_deref()), (Some(2), Some("8G")));
        for (text, expected) in [
            ("[slurm]\nworkesr = 8", "unknown key `slurm.workesr` in x.toml: did you mean `slurm.workers`?"),
            ("[slurm]\nworkers = 0", "experiment file x.toml: line 2: workers: `0` does not fit"),
            ("[slurm]\nworkers = [8]", "line 2: slurm.workers has a value of the wrong kind"),
            ("[slurm]\ntime = 90", "line 2: time: `90` does not fit; give a time such as 3h"),
            ("slurm = 1", "line 1: [slurm] is not a table"),
            ("[slrum]\nworkers = 1", "unknown key `slrum` in x.toml: did you mean `slurm`?"),
            ("[sweep]\nworkers = [1, 2]", "unknown key `workers` in [sweep] of x.toml"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn a_wrong_plan_in_a_file_is_refused_with_its_line() {
        for (text, expected) in [
            (
                "[analysis]\nmargn = 1",
                "unknown key `analysis.margn` in x.toml: did you mean `analysis.margin`?",
            ),
            ("[analysis]\nmargin = 0", "experiment file x.toml: line 2: margin: `0` does not fit"),
            ("[analysis]\nmargin = [1, 2]", "line 2: analysis.margin has a value of the wrong kind"),
            ("[analysis]\ntune = [\"seed\"]", "line 2: tune: `seed` makes repeats"),
            ("margin = 1", "unknown key `margin` in x.toml: did you mean `analysis.margin`?"),
            (
                "[sweep]\nmargin = [1, 2]",
                "unknown key `margin` in [sweep] of x.toml: did you mean `analysis.margin`?",
            ),
            ("analysis = 1", "line 1: [analysis] is not a table"),
            ("[analisis]\nmargin = 1", "unknown key `analisis` in x.toml: did you mean `analysis`?"),
            (
                "[training]\nlearning_rate = \"auto\"",
                "lr: `auto` is several values, which belong under [sweep]",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn axes_keep_the_order_of_the_file() {
        let experiment =
            parse("[sweep]\nseed = [1, 2]\nrank = [4, 8]\nlayers = [\"block5\", \"block4\"]").unwrap();
        assert_eq!(axes(&experiment), [("seed", 2), ("rank", 2), ("layers", 2)]);
    }

    #[test]
    fn unknown_keys_are_refused_with_a_suggestion_and_the_file() {
        for (text, expected) in [
            (
                "[training]\nepoch = 3",
                "unknown key `training.epoch` in x.toml: did you mean `training.epochs`?",
            ),
            ("[trainin]\nepochs = 3", "unknown key `trainin` in x.toml: did you mean `training`?"),
            ("[sweep]\nrnak = [1]", "unknown key `rnak` in [sweep] of x.toml: did you mean `rank`?"),
            ("rank = 5", "unknown key `rank` in x.toml: did you mean `adapter.rank`?"),
            (
                "[training]\nlr = 0.1",
                "unknown key `training.lr` in x.toml: did you mean `training.learning_rate`?",
            ),
            (
                "[data]\nsplit = \"patient\"",
                "unknown key `data.split` in x.toml: did you mean `data.split.kind`?",
            ),
            (
                "jobs = 5",
                "unknown key `jobs` in x.toml: give it on the command line, as in `ranklab sweep jobs=2`",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), expected);
        }
        let broken = parse("[training\nepochs = 3").unwrap_err();
        assert!(broken.starts_with("experiment file x.toml: line 1:") && !broken.contains('\n'), "{broken}");
        let wrong = parse("[training]\nepochs = true").unwrap_err();
        assert!(wrong.contains("line 2: epochs: `true` does not fit"), "{wrong}");
    }

    #[test]
    fn a_key_given_twice_in_a_file_is_refused_under_both_names() {
        for (text, names) in [
            (
                "[sweep]\nlr = [0.1]\nlearning_rate = [0.2, 0.3]",
                "`lr` in `[sweep]` and `learning_rate` in `[sweep]`",
            ),
            ("[adapter]\nrank = 5\n[sweep]\nrank = [1, 2]", "`adapter.rank` and `rank` in `[sweep]`"),
            (
                "[sweep]\nseed = [1]\n\"training.seed\" = [2]",
                "`seed` in `[sweep]` and `training.seed` in `[sweep]`",
            ),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(&format!("{names} are one setting")), "{refused}");
        }
    }

    #[test]
    fn lists_in_a_file_are_taken_element_by_element() {
        let experiment = parse("[sweep]\ndataset = [\"a,b\", \" c \"]\nweight_decay = [0, 1]\nrank = [[4, 8, 16], 2]\nseed = [\"0..2\", 9]").unwrap();
        assert_eq!(axes(&experiment), [("dataset", 2), ("weight_decay", 2), ("rank", 2), ("seed", 4)]);
        for (text, expected) in [
            ("[adapter]\nrank = []", "line 2: rank: no value is given"),
            ("[sweep]\nrank = []", "line 2: rank in [sweep]: the list is empty; give a whole number"),
            ("[sweep]\nweight_decay = \"0,01\"", "did you mean 0.01?"),
            ("[data]\ndataset = [\"a\", \"b\"]", "data.dataset is a list; give lists to vary under [sweep]"),
            ("[sweep]\nlr = [1e-50]", "`1e-50` is 0 in single precision"),
        ] {
            let refused = parse(text).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
        let all = parse("[training]\nepochs = 0\nseed = -1\n[sweep]\nrnak = [1]").unwrap_err();
        assert_eq!(all.lines().count(), 3, "{all}");
    }
}
