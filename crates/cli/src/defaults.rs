//! The defaults file `ranklab.toml`: folders, the database and settings that hold where nothing else is given.

use std::{
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use ranklab_files::read_file_at_most;
use ranklab_settings::{Experiment, is_name};
use serde::Deserialize;
use toml::Spanned;

use ranklab_store::Location;

/// The file that is read from the current folder where no other is named.
pub(crate) const FILE: &str = "ranklab.toml";
/// The keys of the file, for errors.
const KEYS: &str = "runs_folder, database, reports_folder, data_folder, dataset, device, jobs";
/// Largest file in bytes; usual ones have a hundred.
const LARGEST_FILE: u64 = 1 << 16;
/// Characters of a faulty line that an error repeats.
const QUOTED: usize = 60;

/// What a defaults file gives; paths are relative to the folder of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    /// The file, where one was read.
    file: Option<PathBuf>,
    /// Folder of the runs and, where no other file is given, of the database.
    pub(crate) runs_folder: Option<PathBuf>,
    /// The database.
    pub(crate) database: Option<Location>,
    /// Folder of the reports.
    pub(crate) reports_folder: Option<PathBuf>,
    /// Folder of the images and weights.
    pub(crate) data_folder: Option<PathBuf>,
    /// Number of trials that train together.
    pub(crate) jobs: Option<usize>,
    /// Settings of sweeps: their keys and values.
    settings: Vec<(&'static str, String)>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    runs_folder: Option<Spanned<String>>,
    database: Option<Spanned<String>>,
    reports_folder: Option<Spanned<String>>,
    data_folder: Option<Spanned<String>>,
    dataset: Option<Spanned<String>>,
    device: Option<Spanned<String>>,
    jobs: Option<Spanned<usize>>,
}

impl Defaults {
    /// Reads `named` or, without one, `ranklab.toml` of the current folder if it exists.
    ///
    /// # Errors
    /// When the file cannot be read, or holds an unknown key or a wrong value.
    pub(crate) fn read(named: Option<&Path>) -> anyhow::Result<Self> {
        let path = named.unwrap_or(Path::new(FILE));
        let bytes = match read_file_at_most(path, LARGEST_FILE) {
            Err(problem) if named.is_none() && problem.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            read => read.with_context(|| format!("reading the defaults file {} failed", path.display()))?,
        };
        let bytes = bytes.with_context(|| {
            format!("defaults file {}: it is larger than {} KiB", path.display(), LARGEST_FILE >> 10)
        })?;
        let text = String::from_utf8(bytes).map_err(|problem| {
            let valid = &problem.as_bytes()[..problem.utf8_error().valid_up_to()];
            let line = line_of(&String::from_utf8_lossy(valid), valid.len());
            anyhow!("defaults file {}: line {line}: it is not UTF-8 text", path.display())
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> anyhow::Result<Self> {
        let wrong = |at: Range<usize>, problem: &str| {
            let line = line_of(text, at.start);
            let words: String =
                text.lines().nth(line - 1).unwrap_or_default().trim().chars().take(QUOTED).collect();
            anyhow!(
                "defaults file {}: line {line} (`{words}`): {problem}; the keys are {KEYS}",
                path.display()
            )
        };
        let contents: Contents = toml::from_str(text)
            .map_err(|problem| wrong(problem.span().unwrap_or_default(), &in_one_line(problem.message())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let place = |given: Option<Spanned<String>>, what: &str| match given {
            Some(given) if given.get_ref().is_empty() => {
                Err(wrong(given.span(), &format!("the name of the {what} is empty")))
            }
            given => Ok(given.map(|given| folder.join(given.into_inner()))),
        };
        let database = match contents.database {
            Some(given) if given.get_ref().is_empty() => {
                return Err(wrong(given.span(), "the name of the database is empty"));
            }
            // The line is not repeated: a URL can hold a password.
            Some(given) => Some(database(folder, given.get_ref()).map_err(|problem| {
                let line = line_of(text, given.span().start);
                anyhow!("defaults file {}: line {line}: database: {problem}", path.display())
            })?),
            None => None,
        };
        let jobs = match contents.jobs {
            Some(jobs) if *jobs.get_ref() == 0 => {
                return Err(wrong(jobs.span(), "give a whole number from 1"));
            }
            jobs => jobs.map(Spanned::into_inner),
        };
        let mut settings = Vec::new();
        for (key, given) in [("dataset", contents.dataset), ("device", contents.device)] {
            let Some(given) = given else { continue };
            let (at, value) = (given.span(), given.into_inner());
            // Checked here, so that the error names the line.
            Experiment::default()
                .with_default(key, &value)
                .map_err(|problem| wrong(at.clone(), &problem.to_string()))?;
            if key == "device" && value.contains(',') {
                return Err(wrong(at, "give one device"));
            }
            settings.push((key, if key == "dataset" { located(folder, value)? } else { value }));
        }
        Ok(Self {
            file: Some(path.to_owned()),
            runs_folder: place(contents.runs_folder, "folder")?,
            database,
            reports_folder: place(contents.reports_folder, "folder")?,
            data_folder: place(contents.data_folder, "folder")?,
            jobs,
            settings,
        })
    }

    /// Gives an experiment the settings of this file that it has no value for.
    ///
    /// # Errors
    /// When a value is invalid.
    pub(crate) fn apply(&self, experiment: Experiment) -> anyhow::Result<Experiment> {
        self.settings
            .iter()
            .try_fold(experiment, |experiment, (key, value)| Ok(experiment.with_default(key, value)?))
    }

    /// The settings of sweeps that this file gives, in one line; `None` without any.
    pub(crate) fn describe(&self) -> Option<String> {
        let settings = self.settings.iter().map(|(key, value)| format!("{key}={value}"));
        let settings: Vec<String> = settings.chain(self.jobs.map(|jobs| format!("jobs={jobs}"))).collect();
        let file = self.file.as_ref().filter(|_| !settings.is_empty())?;
        Some(format!("{} gives {} where nothing else does", file.display(), settings.join(" ")))
    }
}

/// A dataset whose path is relative to `folder`; a name stays as it is.
fn located(folder: &Path, dataset: String) -> anyhow::Result<String> {
    if is_name(&dataset) {
        return Ok(dataset);
    }
    match folder.join(dataset).into_os_string().into_string() {
        Ok(path) => Ok(path),
        Err(path) => bail!("{} is not UTF-8 text and cannot be recorded; rename the folder", path.display()),
    }
}

/// The number of the line, from 1, that holds the byte at `at`.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn in_one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(" ")
}

/// The database of this name; a file lies below the folder of the defaults file.
fn database(folder: &Path, name: &str) -> Result<Location, String> {
    let location = Location::parse(Path::new(name))?;
    Ok(match location.as_file() {
        Some(file) => Location::file(folder.join(file)),
        None => location,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Defaults, String> {
        Defaults::parse(text, Path::new("elsewhere/ranklab.toml")).map_err(|problem| problem.to_string())
    }

    #[test]
    fn paths_are_relative_to_the_file_and_names_stay() {
        let defaults =
            parse("runs_folder = \"r\"\ndata_folder = \"/d\"\ndataset = \"cells\"\njobs = 2").unwrap();
        assert_eq!(defaults.runs_folder.as_deref(), Some(Path::new("elsewhere/r")));
        assert_eq!(defaults.data_folder.as_deref(), Some(Path::new("/d")));
        assert!(defaults.reports_folder.is_none() && defaults.database.is_none());
        assert_eq!(defaults.settings, [("dataset", "elsewhere/cells".to_owned())]);
        assert_eq!(
            defaults.describe().unwrap(),
            "elsewhere/ranklab.toml gives dataset=elsewhere/cells jobs=2 where nothing else does"
        );
        let named = parse("dataset = \"synthetic\"\ndevice = \"tch\"").unwrap();
        assert_eq!(named.settings, [("dataset", "synthetic".to_owned()), ("device", "tch".to_owned())]);
        assert_eq!(parse("runs_folder = \"r\"").unwrap().describe(), None);
        assert_eq!(parse("").unwrap().describe(), None);
        let database = |text: &str| parse(text).unwrap().database.unwrap();
        assert_eq!(database("database = \"d/runs.db\""), Location::file("elsewhere/d/runs.db"));
        assert_eq!(database("database = \"/d/runs.db\""), Location::file("/d/runs.db"));
    }

    #[test]
    fn a_url_of_another_database_is_refused_without_its_password() {
        let error = parse("jobs = 1\ndatabase = \"mysql://me:secret@host/runs\"").unwrap_err();
        assert_eq!(
            error,
            "defaults file elsewhere/ranklab.toml: line 2: database: mysql:// is not supported; give the path of a file, or postgres://USER@HOST/DATABASE"
        );
    }

    #[test]
    fn a_wrong_file_is_refused_in_one_line_with_its_line_and_the_keys() {
        for (text, expected) in [
            ("\nrusn_folder = \"x\"", "line 2 (`rusn_folder = \"x\"`): unknown field `rusn_folder`"),
            ("jobs = \"two\"", "line 1 (`jobs = \"two\"`): invalid type: string \"two\""),
            ("jobs = 0", "line 1 (`jobs = 0`): give a whole number from 1"),
            ("jobs = -1", "line 1 (`jobs = -1`): invalid value: integer `-1`"),
            (
                "# x\ndevice = \"gpu\"",
                "line 2 (`device = \"gpu\"`): device: `gpu` does not fit; give flex or tch",
            ),
            ("device = \"flex,tch\"", "line 1 (`device = \"flex,tch\"`): give one device"),
            ("dataset = \"\"", "line 1 (`dataset = \"\"`): dataset: no value is given"),
            ("runs_folder = \"\"", "the name of the folder is empty"),
            ("database = \"\"", "the name of the database is empty"),
            ("[runs_folder]\nx = 1", "line 1 (`[runs_folder]`): "),
            ("jobs = 1\njobs = 2", "line 2 (`jobs = 2`): "),
            ("dataset = [\"a\"]", "line 1 (`dataset = [\"a\"]`): invalid type: sequence"),
            ("what", "line 1 (`what`): "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with("defaults file elsewhere/ranklab.toml: line "), "{error}");
            assert!(error.contains(expected) && error.ends_with(KEYS) && !error.contains('\n'), "{error}");
        }
    }
}
