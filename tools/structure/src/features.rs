//! Checks that every library has one set of features, whichever packages cargo compiles.

use crate::violation::Violation;
use crate::workspace::Workspace;

/// The package that depends on every library.
const FEATURES: &str = "ranklab-features";

/// One violation per library that `tools/features` lacks, and per dependency with a version or features that are not
/// the workspace's.
pub fn features(workspace: &Workspace) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in &workspace.packages {
        let manifest = &package.manifest;
        let file = workspace.below(&manifest.path);
        let mut add = |line: usize, message: String| {
            found.push(Violation { file: file.to_owned(), line, message });
        };
        for dependency in &manifest.not_inherited {
            let name = &dependency.package;
            add(dependency.line, format!("{name} sets a version or features; write {name}.workspace = true"));
        }
        if manifest.name == FEATURES {
            let has = |name: &&String| manifest.dependencies.iter().any(|known| known.package == **name);
            for name in workspace.libraries.iter().filter(|name| !has(name)) {
                add(1, format!("{name} is missing; add {name}.workspace = true"));
            }
        }
    }
    found
}
