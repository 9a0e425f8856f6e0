//! Small workspaces in a temporary folder.

use std::{fs, path::Path};

use ranklab_structure::Workspace;
use tempfile::TempDir;

/// A workspace of the given files, their paths below its folder. Crates without a manifest get one.
pub(crate) fn workspace(files: &[(&str, &str)]) -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    for group in ["crates", "tools"] {
        for entry in fs::read_dir(folder.path().join(group)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let manifest = path.join("Cargo.toml");
            if !manifest.exists() {
                fs::write(manifest, manifest_of(&path)).unwrap();
            }
        }
    }
    let workspace = Workspace::read(folder.path()).unwrap();
    (folder, workspace)
}

fn manifest_of(folder: &Path) -> String {
    format!("[package]\nname = \"ranklab-{}\"\n", folder.file_name().unwrap().to_str().unwrap())
}

/// A workspace of one crate, `data`, with the given files below its `src`.
pub(crate) fn data(files: &[(&str, &str)]) -> (TempDir, Workspace) {
    let paths: Vec<String> = files.iter().map(|(path, _)| format!("crates/data/src/{path}")).collect();
    let files: Vec<(&str, &str)> =
        paths.iter().map(String::as_str).zip(files.iter().map(|(_, text)| *text)).collect();
    workspace(&files)
}
