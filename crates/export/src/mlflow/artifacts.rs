//! Files of a run: uploaded through the server where it serves artifacts.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ranklab_store::ArtifactRow;
use sha2::{Digest as _, Sha256};

use super::client::Client;
use super::failure::{Cause, Failure};

/// Kind of the rows of trained models.
const MODEL: &str = "model";
/// Folders of artifacts on the server.
const MODEL_FOLDER: &str = "model";
const REPORT_FOLDER: &str = "report";
/// The scheme of artifacts that the server serves.
const SERVED: &str = "mlflow-artifacts:";
/// Characters of a path that need no escape (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A file to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    pub(super) path: PathBuf,
    /// The folder on the server.
    folder: &'static str,
    /// Its recorded SHA-256, where there is one.
    sha256: Option<String>,
}

/// What became of a run's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uploaded {
    pub(super) files: usize,
    /// Files that are gone or changed, each with the reason.
    pub(super) missing: Vec<String>,
    /// Why the server takes none.
    pub(super) not_served: Option<String>,
}

/// The trained models among a run's files.
pub(super) fn models(rows: &[ArtifactRow], runs_folder: &Path) -> Vec<Artifact> {
    let is_inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    rows.iter()
        .filter(|row| row.kind == MODEL && is_inside(Path::new(&row.path)))
        .map(|row| Artifact {
            path: runs_folder.join(&row.path),
            folder: MODEL_FOLDER,
            sha256: Some(row.sha256.clone()),
        })
        .collect()
}

/// The files of a report.
pub(super) fn of_report(files: Vec<PathBuf>) -> impl Iterator<Item = Artifact> {
    files.into_iter().map(|path| Artifact { path, folder: REPORT_FOLDER, sha256: None })
}

/// Uploads files below a run's artifact address.
pub(super) fn upload(client: &Client, address: &str, artifacts: &[Artifact]) -> Result<Uploaded, Failure> {
    let mut uploaded = Uploaded::default();
    let Some(below) = served_path(address) else {
        uploaded.not_served = Some(format!("it stores them at {address} and does not serve them"));
        return Ok(uploaded);
    };
    for artifact in artifacts {
        let name = artifact.path.file_name().unwrap_or_default().to_string_lossy();
        let target = escaped(&format!("{below}/{}/{name}", artifact.folder));
        let file = match open(artifact) {
            Ok(file) => file,
            Err(reason) => {
                uploaded.missing.push(format!("{}: {reason}", artifact.path.display()));
                continue;
            }
        };
        match client.repeat(|| sent(client, &target, &file)) {
            Ok(()) => uploaded.files += 1,
            Err(Failure { cause: Cause::Server(reason), .. }) if is_disabled(&reason) => {
                uploaded.not_served = Some("it runs with `--no-serve-artifacts`".to_owned());
                return Ok(uploaded);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(uploaded)
}

/// Uploads a file once, from its start.
fn sent(client: &Client, target: &str, mut file: &File) -> Result<(), Failure> {
    let request = "PUT of an artifact";
    file.rewind().map_err(|problem| Failure::lasting(request, Cause::Away(problem.to_string())))?;
    match client.upload_once(target, file) {
        // The server says so at once: no repetition helps.
        Err(failure) if matches!(&failure.cause, Cause::Server(reason) if is_disabled(reason)) => {
            Err(failure.settled())
        }
        outcome => outcome.map(|_| ()),
    }
}

/// Whether a server says that it serves no artifacts.
fn is_disabled(reason: &str) -> bool {
    reason.contains("serve-artifacts")
}

/// Opens a file that is as it was recorded.
fn open(artifact: &Artifact) -> Result<File, String> {
    let mut file = File::open(&artifact.path).map_err(|problem| problem.to_string())?;
    let Some(expected) = &artifact.sha256 else { return Ok(file) };
    if hash(&mut file).map_err(|problem| problem.to_string())? == *expected {
        Ok(file)
    } else {
        Err("it was changed since it was recorded".to_owned())
    }
}

/// The SHA-256 of a file, read piece by piece.
fn hash(file: &mut File) -> io::Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(ranklab_files::hexadecimal(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// The path below which this very server serves a run's artifacts.
fn served_path(address: &str) -> Option<&str> {
    // With two slashes it names a server, which may be another one.
    let path = address.strip_prefix(SERVED).filter(|path| !path.starts_with("//"))?;
    Some(path.trim_matches('/'))
}

fn escaped(path: &str) -> String {
    path.split('/').map(|part| utf8_percent_encode(part, ESCAPED).to_string()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_servers_own_artifacts_have_a_path() {
        assert_eq!(served_path("mlflow-artifacts:/1/ab/artifacts"), Some("1/ab/artifacts"));
        assert_eq!(served_path("mlflow-artifacts://other:5000/1/ab/artifacts"), None);
        assert_eq!(served_path("s3://bucket/1/ab/artifacts"), None);
        assert_eq!(served_path("/srv/mlruns/1/ab/artifacts"), None);
        assert_eq!(escaped("1/a b/x#.md"), "1/a%20b/x%23.md");
    }

    #[test]
    fn models_inside_the_runs_folder_are_taken_and_changed_ones_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model"), "abc").unwrap();
        let row = |kind: &str, path: &str, sha256: &str| ArtifactRow {
            kind: kind.into(),
            path: path.into(),
            sha256: sha256.into(),
            bytes: 3,
        };
        let hash = ranklab_files::sha256("abc");
        let rows = [row("model", "model", &hash), row("split", "x", ""), row("model", "../outside", "")];
        let found = models(&rows, folder.path());
        assert_eq!(found.len(), 1);
        assert!(open(&found[0]).is_ok());
        std::fs::write(folder.path().join("model"), "abd").unwrap();
        assert!(open(&found[0]).unwrap_err().contains("changed"));
        std::fs::remove_file(folder.path().join("model")).unwrap();
        assert!(open(&found[0]).is_err());
    }
}
