//! Checks which crates depend on which: arrows run down the layers of ARCHITECTURE.md only.

use crate::violation::Violation;
use crate::workspace::{Package, Workspace};

/// Our crates, each with those that it may depend on. `cli` and the tools may depend on all of them.
const LAYERS: [(&str, &[&str]); 12] = [
    ("files", &[]),
    ("settings", &[]),
    ("kernels", &[]),
    ("stats", &[]),
    ("data", &["files", "settings"]),
    ("store", &["files", "settings"]),
    ("zoo", &["files", "settings", "kernels"]),
    ("trainer", &["files", "settings", "kernels", "zoo"]),
    ("runs", &["files", "settings", "stats", "data", "store", "zoo", "trainer"]),
    ("sweep", &["files", "settings", "stats", "data", "store", "zoo", "trainer", "runs"]),
    ("report", &["files", "settings", "stats", "store"]),
    ("export", &["files", "settings", "store"]),
];

/// Libraries that only some of our crates may depend on. The tools may depend on all of them.
const OUTSIDE: [(&str, &[&str]); 4] = [
    ("sqlx", &["store"]),
    ("rusqlite", &["store"]),
    ("burn", &["kernels", "zoo", "trainer", "runs", "sweep", "cli"]),
    ("burn-flex", &["kernels", "zoo", "trainer"]),
];

/// One violation per dependency that the layers do not allow.
pub fn layers(workspace: &Workspace) -> Vec<Violation> {
    workspace.packages.iter().flat_map(|package| of_package(workspace, package)).collect()
}

fn of_package(workspace: &Workspace, package: &Package) -> Vec<Violation> {
    let manifest = &package.manifest;
    let name = short(&manifest.name).unwrap_or(&manifest.name);
    let violation = |line: usize, message: String| Violation {
        file: workspace.below(&manifest.path).to_owned(),
        line,
        message,
    };
    if package.is_tool() {
        return Vec::new();
    }
    let allowed: Option<&[&str]> = if name == "cli" { None } else { layer(name) };
    if allowed.is_none() && name != "cli" {
        let message =
            format!("the layers do not hold the crate {name}; add it to tools/structure/src/layers.rs");
        return vec![violation(1, message)];
    }
    let mut found = Vec::new();
    for dependency in &manifest.dependencies {
        let other = &dependency.package;
        if let Some(other) = short(other) {
            let is_allowed = layer(other).is_some() && allowed.is_none_or(|allowed| allowed.contains(&other));
            if !is_allowed {
                let message = format!("{name} may not depend on {other}");
                found.push(violation(dependency.line, message));
            }
        } else if let Some((_, crates)) = OUTSIDE.iter().find(|(name, _)| name == other)
            && !crates.contains(&name)
        {
            let message = format!("{name} may not depend on {other}; only {} may", crates.join(", "));
            found.push(violation(dependency.line, message));
        }
    }
    found
}

/// The name of one of our packages without its prefix.
fn short(package: &str) -> Option<&str> {
    package.strip_prefix("ranklab-")
}

fn layer(name: &str) -> Option<&'static [&'static str]> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, below)| *below)
}
