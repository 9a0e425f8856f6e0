//! docs/reliability.md names tests that exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all functions of the Rust files below a folder.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let name = |rest: &str| rest.split('(').next().unwrap().to_owned();
            names.extend(source.split("fn ").skip(1).map(name));
        }
    }
}

#[test]
fn every_row_of_the_table_of_faults_names_a_test_that_exists() {
    let mut names = BTreeSet::new();
    functions(&root().join("crates"), &mut names);
    functions(&root().join("tests"), &mut names);
    functions(&root().join("tools"), &mut names);
    let document = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let rows: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| fault")).collect();
    assert!(rows.len() >= 40, "only {} rows", rows.len());
    let mut named = 0;
    for row in rows {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        assert!(shown_by.contains("::") || shown_by.contains("the same"), "no test in {row}");
        let parts: Vec<&str> = shown_by.split('`').collect();
        for (test, rest) in parts.iter().zip(&parts[1..]).skip(1).step_by(2) {
            if test.starts_with("just ") {
                continue;
            }
            let name = test.rsplit("::").next().unwrap().trim_start_matches('…');
            assert!(names.contains(name), "there is no test {test}, which docs/reliability.md names");
            // Unit tests are named with their crate.
            if let Some((folder, _)) = rest.strip_prefix(" (crates/").and_then(|rest| rest.split_once(')')) {
                let folder_of_crate = root().join("crates").join(folder);
                assert!(
                    folder_of_crate.is_dir(),
                    "docs/reliability.md says of {test} that it is in crates/{folder}, which is no folder"
                );
                let mut of_crate = BTreeSet::new();
                functions(&folder_of_crate, &mut of_crate);
                assert!(
                    of_crate.contains(name),
                    "{test} is not in crates/{folder}, as docs/reliability.md says"
                );
            }
            named += 1;
        }
    }
    assert!(named >= 40, "only {named} tests are named");
}
