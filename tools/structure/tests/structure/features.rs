//! One set of features for every library.

use ranklab_structure::features;

use crate::planted::workspace;

const SHARED: (&str, &str) = (
    "Cargo.toml",
    "[workspace.dependencies]\nranklab-data = { path = \"crates/data\" }\nserde = \"1\"\nzip = \"9\"\n",
);

/// What is wrong with a package's manifest beside the workspace's, as `file:line: message` lines.
fn check(folder: &str, dependencies: &str) -> Vec<String> {
    let name = folder.rsplit('/').next().unwrap();
    let manifest = format!("[package]\nname = \"ranklab-{name}\"\n\n{dependencies}\n");
    let path = format!("{folder}/Cargo.toml");
    let (_folder, workspace) = workspace(&[SHARED, (&path, &manifest)]);
    features(&workspace).iter().map(ToString::to_string).collect()
}

#[test]
fn a_library_that_the_package_of_all_lacks() {
    assert_eq!(
        check("tools/features", "[dependencies]\nserde.workspace = true"),
        ["tools/features/Cargo.toml:1: zip is missing; add zip.workspace = true"]
    );
}

#[test]
fn dependencies_with_a_version_or_features_of_their_own() {
    for entry in [
        "zip = \"9\"",
        "zip = { version = \"9\", features = [\"deflate\"] }",
        "zip = { workspace = true, features = [\"deflate\"] }",
        "zip = { workspace = true, default-features = false }",
    ] {
        for table in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            let found = check("crates/data", &format!("[{table}]\n{entry}"));
            assert_eq!(found.len(), 1, "{table}, {entry}: {found:?}");
            assert!(found[0].ends_with("zip sets a version or features; write zip.workspace = true"));
        }
    }
}

#[test]
fn whatever_is_the_workspaces() {
    let all = "[dependencies]\nserde.workspace = true\nzip = { workspace = true }";
    assert_eq!(check("tools/features", all), Vec::<String>::new());
    let optional = "[dependencies]\nzip = { workspace = true, optional = true }";
    assert_eq!(check("crates/data", optional), Vec::<String>::new());
    assert_eq!(check("crates/data", ""), Vec::<String>::new());
}

#[test]
fn a_separate_workspace_has_its_dependencies() {
    assert_eq!(check("tools/fuzz", "[workspace]\n\n[dependencies]\nzip = \"9\""), Vec::<String>::new());
}
