//! Finds the file that defines what a path names, through re-exports and imports of everything.

use std::collections::BTreeSet;

use crate::module_tree::ModuleTree;

/// What a path names; a module and an item may share a name.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) module: Option<usize>,
    /// The file that defines the item.
    pub(crate) file: Option<usize>,
}

impl Found {
    fn or(self, other: Self) -> Self {
        Self { module: self.module.or(other.module), file: self.file.or(other.file) }
    }
}

/// Names that are being looked up, so that re-exports in a circle end.
type Asked<'a> = BTreeSet<(usize, &'a str)>;

/// What a path names when a module says it; nothing where another crate defines it.
pub(crate) fn resolve(tree: &ModuleTree, module: usize, path: &[String]) -> Found {
    resolve_path(tree, module, path, &mut Asked::new())
}

fn resolve_path<'a>(tree: &'a ModuleTree, module: usize, path: &'a [String], asked: &mut Asked<'a>) -> Found {
    let mut at = module;
    let mut rest = path;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => at = root(tree, at),
            "self" if others.is_empty() || rest.len() == path.len() => {}
            "super" => match tree.modules[at].parent {
                Some(parent) => at = parent,
                None => return Found::default(),
            },
            _ => break,
        }
        rest = others;
    }
    let mut found = Found { module: Some(at), file: None };
    for name in rest {
        match found {
            Found { module: Some(module), .. } => found = look_up(tree, module, name, asked),
            // An associated item or a variant is where its type is.
            Found { file: Some(_), .. } => return found,
            _ => return Found::default(),
        }
    }
    found
}

fn root(tree: &ModuleTree, mut module: usize) -> usize {
    while let Some(parent) = tree.modules[module].parent {
        module = parent;
    }
    module
}

/// What a name stands for in a module.
fn look_up<'a>(tree: &'a ModuleTree, module: usize, name: &'a str, asked: &mut Asked<'a>) -> Found {
    let here = &tree.modules[module];
    let mut found = Found {
        module: here.children.get(name).copied(),
        file: here.items.contains(name).then_some(here.file),
    };
    if !asked.insert((module, name)) {
        return found;
    }
    for import in here.code.imports.iter().filter(|import| import.name == name) {
        let imported = resolve_path(tree, module, &import.of.path, asked);
        let is_foreign = imported == Found::default();
        // What another crate defines is made part of this one by the file that re-exports it.
        let foreign = Found { module: None, file: (is_foreign && import.is_public).then_some(here.file) };
        found = found.or(imported).or(foreign);
    }
    if found == Found::default() {
        for glob in &here.code.globs {
            if let Some(from) = resolve_path(tree, module, &glob.path, asked).module
                && from != module
            {
                found = found.or(look_up(tree, from, name, asked));
            }
        }
    }
    asked.remove(&(module, name));
    found
}
