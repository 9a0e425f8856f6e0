//! The rules on this repository.

use std::path::Path;

use ranklab_structure::{
    CLASS_NAME_FILES, Violation, Workspace, circles, class_names, effects, features, layers,
};

fn assert_none(rule: impl Fn(&Workspace) -> Vec<Violation>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Workspace::read(&root).unwrap();
    assert!(workspace.packages.len() >= 10, "only {} packages were read", workspace.packages.len());
    let lines: Vec<String> = rule(&workspace).iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    assert_none(circles);
}

#[test]
fn crates_depend_on_lower_layers_only() {
    assert_none(layers);
}

#[test]
fn only_the_command_line_prints_reads_variables_and_exits() {
    assert_none(effects);
}

#[test]
fn every_library_has_one_set_of_features() {
    assert_none(features);
}

#[test]
fn class_names_are_in_defaults_and_published_figures_only() {
    assert_none(|workspace| class_names(workspace, &CLASS_NAME_FILES));
}
