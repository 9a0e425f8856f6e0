//! Finds class names of the malaria cells in code that is meant for any images.

use std::path::Path;

use crate::violation::Violation;
use crate::workspace::Workspace;

/// What an identifier or a string may not contain, in lower case.
const WORDS: [&str; 3] = ["malaria", "parasit", "uninfected"];

/// Files, and folders by their path without an extension, that may name the classes.
pub const CLASS_NAME_FILES: [&str; 5] = [
    // The default of the class names.
    "crates/settings/src/classes",
    // The images that are fetched, and those that are generated in their likeness.
    "crates/data/src/fetch",
    "crates/data/src/synthetic",
    // The published figures.
    "crates/report/src/published",
    "crates/report/src/analysis/published",
];

/// One violation per line that names a class in an identifier or a string, outside the given files. Comments and the
/// tools are not looked at.
pub fn class_names(workspace: &Workspace, allowed: &[&str]) -> Vec<Violation> {
    let mut found = Vec::new();
    for package in workspace.packages.iter().filter(|package| !package.is_tool()) {
        for module in &package.tree.modules {
            let file = workspace.below(&package.tree.files[module.file]);
            let is_allowed =
                |path: &&str| file.starts_with(path) || file.with_extension("") == Path::new(path);
            if allowed.iter().any(is_allowed) {
                continue;
            }
            for (text, line) in &module.code.words {
                let text = text.to_lowercase();
                if let Some(word) = WORDS.iter().find(|word| text.contains(**word)) {
                    let message = format!("\"{word}\" names a class; take the class names from the settings");
                    found.push(Violation { file: file.to_owned(), line: *line, message });
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
