//! Arrows between crates.

use ranklab_structure::layers;

use crate::planted::workspace;

/// What is wrong with a crate of these dependencies, as `file:line: message` lines.
fn check(folder: &str, dependencies: &str) -> Vec<String> {
    let name = folder.rsplit('/').next().unwrap();
    let manifest = format!("[package]\nname = \"ranklab-{name}\"\n\n{dependencies}\n");
    let (_folder, workspace) =
        workspace(&[(&format!("{folder}/Cargo.toml"), &manifest), (&format!("{folder}/src/lib.rs"), "")]);
    layers(&workspace).iter().map(ToString::to_string).collect()
}

#[test]
fn dependencies_up_or_across_the_layers() {
    for (from, to) in [
        ("store", "data"),
        ("data", "store"),
        ("zoo", "data"),
        ("trainer", "store"),
        ("files", "settings"),
        ("settings", "files"),
        ("kernels", "zoo"),
        ("stats", "store"),
        ("report", "sweep"),
        ("runs", "sweep"),
        ("sweep", "report"),
        ("sweep", "cli"),
        ("data", "structure"),
    ] {
        let found =
            check(&format!("crates/{from}"), &format!("[dependencies]\nranklab-{to}.workspace = true"));
        assert_eq!(found, [format!("crates/{from}/Cargo.toml:5: {from} may not depend on {to}")]);
    }
}

#[test]
fn dependencies_of_a_target_and_under_another_name() {
    let found =
        check("crates/store", "[target.'cfg(unix)'.dependencies]\nranklab-data = { path = \"../data\" }");
    assert_eq!(found, ["crates/store/Cargo.toml:5: store may not depend on data"]);
    let found =
        check("crates/store", "[dependencies]\nimages = { package = \"ranklab-data\", path = \"../data\" }");
    assert_eq!(found, ["crates/store/Cargo.toml:5: store may not depend on data"]);
    let found = check("crates/store", "[dependencies.ranklab-data]\npath = \"../data\"");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_crate_without_a_layer() {
    let found = check("crates/helpers", "");
    assert_eq!(
        found,
        ["crates/helpers/Cargo.toml:1: the layers do not hold the crate helpers; add it to \
          tools/structure/src/layers.rs"]
    );
}

#[test]
fn outside_libraries_stay_in_their_crates() {
    let found = check("crates/trainer", "[dependencies]\nsqlx.workspace = true");
    assert_eq!(found, ["crates/trainer/Cargo.toml:5: trainer may not depend on sqlx; only store may"]);
    assert_eq!(check("crates/settings", "[dependencies]\nburn.workspace = true").len(), 1);
    assert!(check("crates/store", "[dependencies]\nsqlx.workspace = true").is_empty());
}

#[test]
fn dependencies_down_the_layers() {
    for (from, to) in [
        ("data", "files"),
        ("zoo", "kernels"),
        ("trainer", "zoo"),
        ("runs", "store"),
        ("sweep", "runs"),
        ("report", "stats"),
        ("cli", "report"),
    ] {
        let found =
            check(&format!("crates/{from}"), &format!("[dependencies]\nranklab-{to}.workspace = true"));
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(check("tools/hostile", "[dependencies]\nranklab-sweep.workspace = true").is_empty());
}

#[test]
fn dependencies_of_tests_and_build_scripts_are_free() {
    for table in ["dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dev-dependencies"] {
        let found = check("crates/store", &format!("[{table}]\nranklab-data.workspace = true"));
        assert!(found.is_empty(), "{found:?}");
    }
}
