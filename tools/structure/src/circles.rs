//! Finds files of a package that import each other in a circle.
//!
//! An arrow leads from a file to another that defines an item which the first one names: in a `use`, also one that
//! re-exports it, in a path, in a macro's tokens or in an attribute. A path through modules leads to the file that
//! defines the item and not to those that re-export it. Neither a plain `mod x;` nor the name of a module is an arrow.
//! What only method calls use, such as a trait of a module that is imported as a whole, is not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Mention;
use crate::graph::{self, Graph};
use crate::resolution::resolve;
use crate::violation::Violation;
use crate::workspace::{Package, Workspace};

/// One violation per circle of files: its files and a shortest way round.
pub fn circles(workspace: &Workspace) -> Vec<Violation> {
    workspace.packages.iter().flat_map(|package| of_package(workspace, package)).collect()
}

fn of_package(workspace: &Workspace, package: &Package) -> Vec<Violation> {
    let arrows = arrows(package);
    let mut files = Graph::new();
    for (from, to) in arrows.keys() {
        files.entry(*from).or_default().insert(*to);
    }
    let path = |file: usize| workspace.below(&package.tree.files[file]);
    let name = |file: usize| {
        let path = path(file);
        path.strip_prefix(package.folder.join("src")).unwrap_or(path).display().to_string()
    };
    let describe = |circle: BTreeSet<usize>| {
        let way = circle.iter().map(|file| graph::shortest_circle(&files, *file));
        let way = way.filter(|way| !way.is_empty()).min_by_key(Vec::len)?;
        let nexts = way.iter().cycle().skip(1);
        let steps: Vec<String> = way
            .iter()
            .zip(nexts)
            .filter_map(|(from, to)| {
                let mention = arrows.get(&(*from, *to))?;
                Some(format!("{}:{} names {}", name(*from), mention.line, mention.path.join("::")))
            })
            .collect();
        let first = arrows.get(&(*way.first()?, *way.get(1)?))?;
        let members: Vec<String> = circle.iter().map(|file| name(*file)).collect();
        Some(Violation {
            file: path(*way.first()?).to_owned(),
            line: first.line,
            message: format!(
                "{} files import each other in a circle ({}); a shortest way round: {}",
                circle.len(),
                members.join(", "),
                steps.join(", "),
            ),
        })
    };
    graph::circles(&files).into_iter().filter_map(describe).collect()
}

/// The first mention for every pair of files of which the first names an item of the second.
fn arrows(package: &Package) -> BTreeMap<(usize, usize), &Mention> {
    let mut arrows = BTreeMap::new();
    for (number, module) in package.tree.modules.iter().enumerate() {
        let imported = module.code.imports.iter().map(|import| &import.of);
        for mention in imported.chain(&module.code.globs).chain(&module.code.paths) {
            if let Some(file) = resolve(&package.tree, number, &mention.path).file
                && file != module.file
            {
                arrows.entry((module.file, file)).or_insert(mention);
            }
        }
    }
    arrows
}
