//! Finds code outside `cli` that prints, reads environment variables or ends the process.

use crate::code::{Code, Mention};
use crate::violation::Violation;
use crate::workspace::Workspace;

/// Macros that print.
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];
/// Functions of the environment and of the process, without `std::`.
const FUNCTIONS: [[&str; 2]; 8] = [
    ["env", "var"],
    ["env", "var_os"],
    ["env", "vars"],
    ["env", "vars_os"],
    ["env", "set_var"],
    ["env", "remove_var"],
    ["process", "exit"],
    ["process", "abort"],
];

/// One violation per call. `cli` and the tools may do all of it.
pub fn effects(workspace: &Workspace) -> Vec<Violation> {
    let mut found = Vec::new();
    let packages = workspace.packages.iter();
    for package in packages.filter(|package| !package.is_tool() && !package.folder.ends_with("cli")) {
        for module in &package.tree.modules {
            let file = workspace.below(&package.tree.files[module.file]);
            let mut add = |line: usize, what: String| {
                let message = format!("only cli may call {what}");
                found.push(Violation { file: file.to_owned(), line, message });
            };
            for (name, line) in &module.code.calls {
                if PRINTING.contains(&name.as_str()) {
                    add(*line, format!("{name}!"));
                }
            }
            for mention in &module.code.paths {
                if let Some(function) = function(&module.code, mention) {
                    add(mention.line, function);
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The forbidden function that a path names, by itself or through an import.
fn function(code: &Code, mention: &Mention) -> Option<String> {
    let (first, rest) = mention.path.split_first()?;
    let by_name = code.imports.iter().filter(|import| import.name == *first);
    let by_name = by_name.map(|import| [import.of.path.as_slice(), rest].concat());
    let by_glob = code.globs.iter().map(|glob| [glob.path.as_slice(), &mention.path].concat());
    let mut candidates = by_name.chain(by_glob).chain([mention.path.clone()]);
    candidates.find_map(|path| {
        let path: Vec<&str> = path.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        let ["std", function @ ..] = path.as_slice() else { return None };
        FUNCTIONS.iter().any(|forbidden| forbidden.as_slice() == function).then(|| path.join("::"))
    })
}
