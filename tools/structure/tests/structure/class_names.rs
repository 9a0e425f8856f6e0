//! Class names in code for any images.

use ranklab_structure::{CLASS_NAME_FILES, class_names};

use crate::planted::workspace;

/// How many lines of a source file at a path name a class.
fn count(path: &str, source: &str) -> usize {
    let lib = path.split("/src/").next().unwrap().to_owned() + "/src/lib.rs";
    let module = path.rsplit('/').next().unwrap().trim_end_matches(".rs");
    let declaration = if path == lib { String::new() } else { format!("mod {module};") };
    let files: &[(&str, &str)] = &[(&lib, &declaration), (path, source)];
    let (_folder, workspace) = workspace(if path == lib { &files[1..] } else { files });
    class_names(&workspace, &CLASS_NAME_FILES).len()
}

#[test]
fn strings_and_identifiers_that_name_a_class() {
    for source in [
        "const CLASS: &str = \"Parasitized\";",
        "const CLASS: &[u8] = b\"cells/Uninfected/\";",
        "struct Cell { is_parasitized: bool }",
        "enum Label { Uninfected }",
        "fn parasite_stage() {}",
        "fn f() { format!(\"{} malaria cells\", 1); }",
        "fn f() { html! { p { \"Malaria\" } } }",
        "#[error(\"no Parasitized folder\")] struct E;",
    ] {
        assert_eq!(count("crates/report/src/lib.rs", source), 1, "{source}");
    }
}

#[test]
fn comments_tests_and_other_words() {
    for source in [
        "//! Malaria cells.\n/// Parasitized or not.\nfn f() {} // uninfected",
        "#[cfg(test)] mod tests { const CLASS: &str = \"Parasitized\"; }",
        "const CLASS: &str = \"positive\"; fn infected() {}",
    ] {
        assert_eq!(count("crates/report/src/lib.rs", source), 0, "{source}");
    }
}

#[test]
fn files_that_may_name_them() {
    let source = "pub const CLASS: &str = \"Parasitized\";";
    for path in [
        "crates/settings/src/classes.rs",
        "crates/data/src/fetch.rs",
        "crates/data/src/synthetic.rs",
        "crates/report/src/published.rs",
        "tools/hostile/src/lib.rs",
    ] {
        assert_eq!(count(path, source), 0, "{path}");
    }
    for path in ["crates/data/src/fetching.rs", "crates/zoo/src/published.rs", "crates/settings/src/lib.rs"] {
        assert_eq!(count(path, source), 1, "{path}");
    }
}
