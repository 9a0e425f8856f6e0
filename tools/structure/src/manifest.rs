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
    /// Whether it is a separate workspace, as that of the fuzz targets is.
    pub(crate) is_workspace: bool,
    pub(crate) dependencies: BTreeSet<Dependency>,
    /// Dependencies, also of tests and build scripts, that do not take version and features from the workspace.
    pub(crate) not_inherited: BTreeSet<Dependency>,
}

impl Manifest {
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let fail = |reason: String| Error::Manifest { path: path.clone(), reason };
        let table: Table = text.parse().map_err(|error: toml::de::Error| fail(error.to_string()))?;
        let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let name = name.ok_or_else(|| fail("it names no package".into()))?.to_owned();
        let dependency = |(key, value): (&String, &Value)| {
            let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
            Dependency { package: package.to_owned(), line: line_of(&text, key) }
        };
        let dependencies = entries(&table, &["dependencies"]).map(dependency).collect();
        let not_inherited = entries(&table, &["dependencies", "dev-dependencies", "build-dependencies"])
            .filter(|(_, value)| !is_inherited(value))
            .map(dependency)
            .collect();
        let is_workspace = table.contains_key("workspace");
        Ok(Self { path, name, is_workspace, dependencies, not_inherited })
    }
}

/// The names in a workspace's table of dependencies; none where it has none.
pub(crate) fn shared(folder: &Path) -> Result<BTreeSet<String>> {
    let path = folder.join("Cargo.toml");
    if !path.is_file() {
        return Ok(BTreeSet::new());
    }
    let text = fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| Error::Manifest {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    let shared = table.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    Ok(shared.and_then(Value::as_table).into_iter().flatten().map(|(key, _)| key.clone()).collect())
}

/// The entries of the named tables, those of targets included.
fn entries<'a>(table: &'a Table, names: &'a [&str]) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    targets
        .filter_map(|(_, target)| target.as_table())
        .chain([table])
        .flat_map(|table| names.iter().filter_map(|name| table.get(*name)))
        .filter_map(Value::as_table)
        .flatten()
}

/// Whether a dependency takes its version and its features from the workspace alone.
fn is_inherited(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    value.get("workspace").and_then(Value::as_bool) == Some(true)
        && !has("features")
        && !has("default-features")
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
