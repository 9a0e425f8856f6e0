//! The SQL outside `sqlite/`, also in the crates above, stays what PostgreSQL understands as well, and no other file names a
//! driver.

use std::fs;
use std::path::{Path, PathBuf};

/// The string literals of a source file, tests and comments left out.
fn literals(source: &str) -> Vec<String> {
    let code: String = source
        .split("#[cfg(test)]")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    code.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The files of the crate but those of `sqlite/` and `postgres/` and what names them, each with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_file() && !["sqlite", "postgres"].contains(&path.file_stem().unwrap().to_str().unwrap())
        })
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The source files below a folder, each with its text.
fn below(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path.clone(), fs::read_to_string(path).unwrap()));
        }
    }
}

/// The files of the crates that ask this one, each with its text.
fn sources_above() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for crate_above in ["cli", "export", "report", "runs", "sweep"] {
        below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_above).join("src"), &mut found);
    }
    found
}

#[test]
fn statements_use_numbered_placeholders_and_nothing_of_sqlite() {
    let mut statements = 0;
    for (path, source) in sources().into_iter().chain(sources_above()) {
        for literal in literals(&source) {
            if !["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| literal.contains(verb)) {
                continue;
            }
            statements += 1;
            for foreign in [
                "?",
                "PRAGMA",
                "rowid",
                "AUTOINCREMENT",
                "INSERT OR",
                "datetime(",
                "strftime(",
                "json_",
                "IFNULL",
                "GLOB",
                "`",
                "sqlite_",
                "pragma_",
                "VACUUM",
                // Of a real number, it takes no digits there.
                "round(",
            ] {
                assert!(!literal.contains(foreign), "{}: {foreign} in {literal}", path.display());
            }
        }
    }
    assert!(statements >= 15, "only {statements} statements were found");
}

#[test]
fn only_the_backend_names_a_driver_and_only_sqlite_names_its_files() {
    let mut files = 0;
    for (path, source) in sources() {
        files += 1;
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.split("#[cfg(test)]").next().unwrap();
        let is_backend = path.ends_with("backend.rs");
        for foreign in
            ["sqlx::", "rusqlite", "sqlite::", "postgres::", "-wal", "-shm", "-journal", "checkpoint("]
        {
            let named = code.contains(foreign);
            assert!(
                !named || (is_backend && ["sqlite::", "postgres::"].contains(&foreign)),
                "{}: {foreign}",
                path.display()
            );
        }
    }
    assert!(files >= 20, "only {files} files were found");
}
