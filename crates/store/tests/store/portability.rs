//! The SQL in the code stays what PostgreSQL understands as well.

use std::path::Path;

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

#[test]
fn statements_use_numbered_placeholders_and_nothing_of_sqlite() {
    let mut statements = 0;
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() == "sqlite" {
            continue;
        }
        for literal in literals(&std::fs::read_to_string(&path).unwrap()) {
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
            ] {
                assert!(!literal.contains(foreign), "{}: {foreign} in {literal}", path.display());
            }
        }
    }
    assert!(statements >= 15, "only {statements} statements were found");
}
