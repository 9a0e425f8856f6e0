//! Checks hashes and checksums without training: the database, files of runs, checkpoints, feature caches, manifests,
//! weights and, on request, images.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use ranklab_data::{check_manifest, synthetic};
use ranklab_files::hexadecimal;
use ranklab_settings::{IMAGENET_WEIGHTS, RANDOM_WEIGHTS, SYNTHETIC, TrialConfig};
use ranklab_store::{Location, RunRow, RunStatus, Store};
use ranklab_trainer::{Checkpoint, Stop, check_features, is_features_cache, is_features_of_another_version};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    dataset::Dataset,
    entries::{entries, run_folders},
    locations::Locations,
    lost_model,
    run_folder::{CHECKPOINT, is_of_another_database},
    runtime::runtime,
    short_hash::short_hash,
    weights::load_weights,
};

/// Bytes that are hashed at once.
const HASH_CHUNK: usize = 1 << 20;

/// Optional parts of a check; the runs folder and the weights are always checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct CheckRules {
    /// Whether the images of runs are checked; every byte of them is read.
    pub images: bool,
}

/// A file or record that is damaged, changed or unreadable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The path of the file, or a name.
    pub what: String,
    /// The problem.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Number of checked items of each kind.
    pub counts: Vec<(&'static str, usize)>,
    /// All problems.
    pub findings: Vec<Finding>,
}

impl Checked {
    fn count(&mut self, kind: &'static str) {
        match self.counts.iter_mut().find(|(counted, _)| *counted == kind) {
            Some((_, count)) => *count += 1,
            None => self.counts.push((kind, 1)),
        }
    }

    fn find(&mut self, what: impl Into<String>, problem: impl Into<String>, advice: impl Into<String>) {
        let (what, problem, advice) = (what.into(), problem.into(), advice.into());
        self.findings.push(Finding { what, problem, advice });
    }
}

/// Checks the file of the database and everything at `locations` without writing, and reports each file before it is read.
/// Returns `None` after a request to stop.
///
/// # Errors
/// When there is no database, or a folder cannot be listed.
pub fn check(
    rules: &CheckRules,
    database: &Location,
    locations: &Locations,
    stop: &Stop,
    on_file: &mut dyn FnMut(&Path),
) -> Result<Option<Checked>, Error> {
    Checker { locations, stop, on_file, checked: Checked::default() }.check(rules, database)
}

struct Checker<'a> {
    locations: &'a Locations,
    stop: &'a Stop,
    on_file: &'a mut dyn FnMut(&Path),
    checked: Checked,
}

impl Checker<'_> {
    fn check(mut self, rules: &CheckRules, database: &Location) -> Result<Option<Checked>, Error> {
        let runtime = runtime()?;
        let mut id = None;
        let runs = match runtime.block_on(Store::open_read_only(database)) {
            Err(missing @ ranklab_store::Error::Missing { .. }) => return Err(missing.into()),
            Err(problem) => {
                self.damaged_database(database, &problem.to_string());
                Vec::new()
            }
            Ok(store) => {
                id = Some(store.id().to_owned());
                let runs = runtime.block_on(self.database(&store));
                runtime.block_on(store.close());
                runs
            }
        };
        self.checkpoints(&runs, id.as_deref())?;
        self.caches();
        self.manifests();
        self.weights(&runs);
        if rules.images {
            self.images(&runs)?;
        }
        Ok((!self.stop.is_requested()).then_some(self.checked))
    }

    fn stopped(&self) -> bool {
        self.stop.is_requested()
    }

    fn report(&mut self, file: &Path) {
        (self.on_file)(file);
    }

    fn damaged_database(&mut self, database: &Location, problem: &str) {
        self.checked.count("database");
        self.checked.find(
            database.to_string(),
            problem,
            "restore a copy made by `ranklab runs backup`: `ranklab runs restore FILE`",
        );
    }

    /// Checks the database and the files that it lists; returns its runs.
    async fn database(&mut self, store: &Store) -> Vec<RunRow> {
        let location = store.location().clone();
        self.report(Path::new(&location.to_string()));
        match store.problems().await {
            Ok(problems) if problems.is_empty() => self.checked.count("database"),
            Ok(problems) => self.damaged_database(&location, &problems.join("; ")),
            Err(problem) => self.damaged_database(&location, &problem.to_string()),
        }
        let runs = match store.all_runs().await {
            Ok(runs) => runs,
            Err(problem) => {
                self.damaged_database(&location, &format!("its runs cannot be read: {problem}"));
                return Vec::new();
            }
        };
        for run in &runs {
            if self.stopped() {
                break;
            }
            match store.artifacts(run.id).await {
                Ok(artifacts) => {
                    for artifact in artifacts {
                        self.artifact(run, &artifact.path, &artifact.sha256);
                    }
                }
                Err(problem) => {
                    self.damaged_database(&location, &format!("the files of run {}: {problem}", run.id));
                }
            }
        }
        runs
    }

    fn artifact(&mut self, run: &RunRow, name: &str, sha256: &str) {
        let path = self.locations.runs_folder.join(name);
        self.report(&path);
        self.checked.count("files of runs");
        let problem = match self.hash(&path) {
            Ok(found) if found == sha256 => return,
            Ok(_) => format!("it is not what run {} stored", run.id),
            Err(problem) => format!("it cannot be read: {problem}"),
        };
        if !self.stopped() {
            self.checked.find(path.display().to_string(), problem, lost_model::advice(run));
        }
    }

    fn hash(&self, path: &Path) -> io::Result<String> {
        // Reading a pipe would block.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
        let mut part = vec![0; HASH_CHUNK];
        loop {
            match file.read(&mut part)? {
                0 => return Ok(hexadecimal(hasher.finalize())),
                _ if self.stopped() => return Err(io::Error::other("it was stopped")),
                read => hasher.update(&part[..read]),
            }
        }
    }

    fn checkpoints(&mut self, runs: &[RunRow], database: Option<&str>) -> Result<(), Error> {
        for (number, folder) in run_folders(&self.locations.runs_folder)? {
            let is_known = runs.iter().any(|run| run.id == number);
            if is_known && database.is_some_and(|id| is_of_another_database(&folder, id)) {
                self.checked.find(
                    folder.display().to_string(),
                    format!("it belongs to another database, and this database also has a run {number}"),
                    "move the folder away, or restore the database that it belongs to (`ranklab runs restore FILE`)",
                );
            }
            let path = folder.join(CHECKPOINT);
            let is_resumable =
                |run: &RunRow| matches!(run.status, RunStatus::Interrupted | RunStatus::Running);
            let run = runs.iter().find(|run| run.id == number && is_resumable(run));
            if self.stopped() || run.is_none() || !path.is_file() {
                continue;
            }
            self.report(&path);
            self.checked.count("checkpoints");
            let problem = match fs::read(&path) {
                Ok(bytes) => Checkpoint::check(&bytes).err().map(str::to_owned),
                // The run may have ended meanwhile.
                Err(problem) if problem.kind() == io::ErrorKind::NotFound => None,
                Err(problem) => Some(format!("it cannot be read: {problem}")),
            };
            if let Some(problem) = problem {
                let advice = format!("repeat its sweep; run {number} starts over from the first epoch");
                self.checked.find(path.display().to_string(), problem, advice);
            }
        }
        Ok(())
    }

    fn caches(&mut self) {
        let folder = self.locations.features_folder.clone();
        for path in self.folder(&folder) {
            let is_finished = path.extension().is_some_and(|extension| extension == "features");
            if self.stopped()
                || !is_finished
                || !is_features_cache(&path)
                || is_features_of_another_version(&path)
            {
                continue;
            }
            self.report(&path);
            self.checked.count("feature caches");
            let found = check_features(&path, &|| !self.stop.is_requested());
            if let Err(problem) = found
                && !self.stopped()
            {
                self.regenerable(&path, problem);
            }
        }
    }

    fn manifests(&mut self) {
        for path in self.folder(&self.locations.manifests()) {
            if self.stopped()
                || !path.is_file()
                || path.extension().is_none_or(|extension| extension != "parquet")
            {
                continue;
            }
            self.report(&path);
            self.checked.count("manifests");
            if let Err(problem) = check_manifest(&path) {
                self.regenerable(&path, problem);
            }
        }
    }

    /// The entries of a folder of regenerable files. A folder that cannot be listed is a finding.
    fn folder(&mut self, path: &Path) -> Vec<PathBuf> {
        entries(path).unwrap_or_else(|problem| {
            let advice = "move it away or make it readable; a new folder is made when it is needed";
            self.checked.find(path.display().to_string(), problem.to_string(), advice);
            Vec::new()
        })
    }

    fn regenerable(&mut self, path: &Path, problem: String) {
        let advice = "delete it; it is not used and it is made again when it is needed";
        self.checked.find(path.display().to_string(), problem, advice);
    }

    /// Checks the stored ImageNet weights and the weights of all runs.
    fn weights(&mut self, runs: &[RunRow]) {
        let mut expected: BTreeSet<(&str, Option<&str>)> = runs
            .iter()
            .map(|run| (run.start.weights.as_str(), Some(run.start.weights_hash.as_str())))
            .filter(|(name, _)| *name != RANDOM_WEIGHTS)
            .collect();
        let is_used = expected.iter().any(|(name, _)| *name == IMAGENET_WEIGHTS);
        if !is_used && self.locations.imagenet_weights.exists() {
            expected.insert((IMAGENET_WEIGHTS, None));
        }
        for (name, hash) in expected {
            if self.stopped() {
                return;
            }
            let is_imagenet = name == IMAGENET_WEIGHTS;
            let path =
                if is_imagenet { self.locations.imagenet_weights.clone() } else { PathBuf::from(name) };
            self.report(&path);
            self.checked.count("weights");
            let problem = match load_weights(name, self.locations, &mut |_| {}) {
                Ok(found) if hash.is_none_or(|hash| hash == found.hash) => continue,
                Ok(_) => "runs were trained on other weights".to_owned(),
                Err(problem) => problem.to_string(),
            };
            let advice = if is_imagenet {
                "fetch them again: `ranklab weights fetch`"
            } else {
                "put back the file; without it its runs can be neither resumed nor verified"
            };
            self.checked.find(path.display().to_string(), problem, advice);
        }
    }

    /// Checks the images of runs at their recorded paths.
    fn images(&mut self, runs: &[RunRow]) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        // Stored manifests are neither trusted nor replaced: new ones go into a temporary folder.
        let temporary = tempfile::tempdir().map_err(|reason| Error::Io {
            action: "making a folder in",
            path: std::env::temp_dir(),
            reason,
        })?;
        let locations = Locations { runs_folder: temporary.path().to_owned(), ..self.locations.clone() };
        for run in runs {
            let Ok(config) = serde_json::from_str::<TrialConfig>(&run.start.config) else { continue };
            let data = config.data;
            let hash = run.start.image_set_hash.clone();
            let path = match data.dataset.as_str() {
                SYNTHETIC => synthetic::path(&data.synthetic, &self.locations.data_folder),
                path => PathBuf::from(path),
            };
            let is_new = seen.insert((path.clone(), data.limit, hash.clone()));
            if self.stopped() || !is_new || !path.exists() {
                continue;
            }
            self.report(&path);
            self.checked.count("image sets");
            let problem = match Dataset::open(&data, &locations, self.stop, &mut |_| {}) {
                Ok(dataset) if dataset.images.hash == hash || dataset.former_hashes().contains(&hash) => {
                    continue;
                }
                Ok(dataset) => format!(
                    "its images have the hash {}, but run {} was trained on {}",
                    short_hash(&dataset.images.hash),
                    run.id,
                    short_hash(&hash)
                ),
                Err(problem) => problem.to_string(),
            };
            self.checked.find(
                path.display().to_string(),
                problem,
                "put back the images that it was trained on; without them its runs can be neither resumed nor verified",
            );
        }
        Ok(())
    }
}
