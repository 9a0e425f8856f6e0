//! What a package's Cargo.toml says of its name and its dependencies.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use crate::error::{Error, Result};

/// A dependency of the program itself, not of its tests or its build script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) package: String,
    /// The line of the manifest that names it, from 1.
    pub(crate) line: usize,
}

/// A package's manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) dependencies: BTreeSet<Dependency>,
}

impl Manifest {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let fail = |reason: String| Error::Manifest { path: path.clone(), reason };
        let table: Table = text.parse().map_err(|error: toml::de::Error| fail(error.to_string()))?;
        let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let name = name.ok_or_else(|| fail("it names no package".into()))?.to_owned();
        let on_targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
        let dependencies = on_targets
            .filter_map(|(_, target)| target.get("dependencies"))
            .chain(table.get("dependencies"))
            .filter_map(Value::as_table)
            .flatten()
            .map(|(key, value)| {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                Dependency { package: package.to_owned(), line: line_of(&text, key) }
            })
            .collect();
        Ok(Self { path, name, dependencies })
    }
}

/// The first line of the dependencies that begins with a key; 1 where none does.
fn line_of(text: &str, key: &str) -> usize {
    let mut in_dependencies = false;
    for (line, number) in text.lines().zip(1..) {
        if line.starts_with('[') {
            in_dependencies = line.trim_end().ends_with("dependencies]") && !line.starts_with("[dev-");
        } else if in_dependencies
            && line.strip_prefix(key).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        {
            return number;
        }
    }
    1
}
