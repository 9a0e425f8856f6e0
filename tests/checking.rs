//! `ranklab check` compares everything that has a hash with it and says what to do.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::command::{Ranklab, failed, succeeded};

/// A folder with something of every kind: two runs, one of them interrupted, and weights in a file.
fn full() -> Ranklab {
    let ranklab = Ranklab::killed_after_its_checkpoint(&["rank=1", "epochs=40"]);
    ranklab_zoo::weights::TrunkWeights::random(7).save(&ranklab.path("trunk.safetensors")).unwrap();
    succeeded(&ranklab.sweep(&["rank=2", "weights=trunk.safetensors"]));
    ranklab
}

fn first(folder: &Path, extension: &str) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().find(|path| path.extension().is_some_and(|found| found == extension)).unwrap()
}

fn flip(path: &Path, place: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let place = place(bytes.len());
    bytes[place] ^= 4;
    fs::write(path, bytes).unwrap();
}

/// Everything below a folder, by name and content.
fn all(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        // SQLite's shared memory holds no data.
        if path.is_dir() {
            all(&path, found);
        } else if path.extension().is_none_or(|extension| extension != "db-shm" && extension != "db-wal") {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
}

#[test]
fn sound_folders_are_checked_as_a_whole_and_nothing_is_written() {
    let ranklab = full();
    let snapshot = || {
        let mut found = Vec::new();
        all(ranklab.folder.path(), &mut found);
        found
    };
    let before = snapshot();
    let said = ranklab.stdout(&["check"]);
    for kind in
        ["1 database", "1 files of runs", "1 checkpoints", "2 feature caches", "1 manifests", "1 weights"]
    {
        assert!(said.contains(kind) || kind.starts_with('2'), "{said} lacks {kind}");
    }
    assert!(said.contains("feature caches") && said.ends_with("all intact\n"), "{said}");
    let json: Value =
        serde_json::from_str(&ranklab.stdout(&["check", "--images", "--format", "json"])).unwrap();
    assert_eq!((&json["findings"], &json["checked"]["image_sets"]), (&Value::Array(Vec::new()), &1.into()));
    assert!(snapshot() == before, "something was written");
    // Nothing to check is an error, and no folder is made.
    let empty = Ranklab::new();
    assert!(failed(&empty.run(&["check"])).contains("ranklab.db"));
    assert!(!empty.path("runs").exists());
}

#[test]
fn whatever_is_damaged_is_found_with_what_to_do_about_it() {
    let ranklab = full();
    let features = first(&ranklab.path("runs/features"), "features");
    let damages: [(&str, PathBuf, &str, &str); 6] = [
        (
            "a model",
            ranklab.path("runs/000002/model.safetensors"),
            "it is not what run 2 stored",
            "runs rm 2 --yes",
        ),
        ("a checkpoint", ranklab.checkpoint(), "it is damaged", "run 1 starts over"),
        ("a record", features.clone(), "the features of 1 of 60 images are damaged", "it is made again"),
        (
            "a manifest",
            first(&ranklab.path("runs/manifests"), "parquet"),
            "its SHA-256 differs from the recorded one",
            "it is made again",
        ),
        ("weights", ranklab.path("trunk.safetensors"), "it is damaged or was changed", "put back the file"),
        ("an image", first(&ranklab.path("data"), "zip"), "", "put back the images"),
    ];
    for (what, path, problem, advice) in &damages {
        let whole = fs::read(path).unwrap();
        flip(path, |length| if *what == "a record" { 300 } else { length / 2 });
        let output = ranklab.run(&["check", "--images"]);
        let error = failed(&output);
        let said = String::from_utf8(output.stdout).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let line = said.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{what}: {said}"));
        assert!(line.contains(problem) && line.contains(advice), "{what}: {line}");
        assert_eq!(error, "error: 1 problem found; see above what to do about it", "{what}: {said}");
        fs::write(path, whole).unwrap();
    }
    succeeded(&ranklab.run(&["check", "--images"]));
    // What is gone or cut, several at once.
    fs::remove_file(ranklab.path("runs/000002/model.safetensors")).unwrap();
    OpenOptions::new().write(true).open(&features).unwrap().set_len(999).unwrap();
    let output = ranklab.run(&["check", "--json"]);
    assert!(failed(&output).contains("2 problems found"));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = json["findings"].to_string();
    assert!(
        findings.contains("cannot be read") && findings.contains("not as long as its header says"),
        "{findings}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_strangers_and_files_in_place_of_folders_are_findings_and_hold_nothing_up() {
    let ranklab = full();
    fs::write(ranklab.path("runs/000001/database"), "0123456789abcdef\n").unwrap();
    fs::remove_dir_all(ranklab.path("runs/features")).unwrap();
    fs::write(ranklab.path("runs/features"), "mine").unwrap();
    let model = ranklab.path("runs/000002/model.safetensors");
    fs::remove_file(&model).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&model).status().unwrap().success());
    let output = ranklab.run(&["check"]);
    assert!(failed(&output).contains("3 problems found"));
    let said = String::from_utf8(output.stdout).unwrap();
    for found in ["it is no regular file", "000001: it belongs to another database", "runs/features: "] {
        assert!(said.contains(found), "{found} is not in {said}");
    }
    assert!(said.contains("manifests"), "the rest was not checked: {said}");
}

#[test]
fn a_damaged_database_is_found_and_the_rest_is_checked_all_the_same() {
    let ranklab = full();
    let database = ranklab.path("runs/ranklab.db");
    for log in ["runs/ranklab.db-wal", "runs/ranklab.db-shm"] {
        let _ = fs::remove_file(ranklab.path(log));
    }
    let mut bytes = fs::read(&database).unwrap();
    let length = bytes.len();
    bytes[length / 3..length / 3 + 9000].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    let output = ranklab.run(&["check"]);
    failed(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ranklab.db: ") && said.contains("ranklab runs restore"), "{said}");
    assert!(said.contains("feature caches") && said.contains("manifests"), "{said}");
}
