//! The modules of a package, found by following `mod` declarations from its crate roots.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{Expr, ExprLit, Ident, Item, ItemMod, Lit, Meta};

use crate::code::{Code, attributes};
use crate::condition::only_in_tests;
use crate::error::{Error, Result};
use crate::tokens::plain;

/// A module, inline or in a separate file.
#[derive(Debug)]
pub(crate) struct Module {
    /// Position of the file in [`ModuleTree::files`].
    pub(crate) file: usize,
    /// Position of the parent in [`ModuleTree::modules`]; none for a crate root.
    pub(crate) parent: Option<usize>,
    pub(crate) children: BTreeMap<String, usize>,
    /// Names of the items that it defines.
    pub(crate) items: BTreeSet<String>,
    pub(crate) code: Code,
}

/// The modules of all crate roots of a package.
#[derive(Debug, Default)]
pub(crate) struct ModuleTree {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) modules: Vec<Module>,
}

/// Where the files of a module's children lie.
struct Location {
    /// The folder of the file, to which a `#[path]` is relative.
    folder: PathBuf,
    /// The folder of files of children.
    children: PathBuf,
}

impl ModuleTree {
    /// Reads `src/lib.rs`, `src/main.rs` and the programs in `src/bin`, as many as there are.
    pub(crate) fn read(package: &Path) -> Result<Self> {
        let mut tree = Self::default();
        let source = package.join("src");
        let programs = |path: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
            entries.map(|path| if path.is_dir() { path.join("main.rs") } else { path }).collect()
        };
        let mut roots = vec![source.join("lib.rs"), source.join("main.rs")];
        roots.extend(programs(&source.join("bin")));
        roots.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "rs"));
        roots.sort();
        for root in roots {
            let folder = root.parent().unwrap_or(package).to_owned();
            tree.read_file(&root, None, &Location { children: folder.clone(), folder })?;
        }
        Ok(tree)
    }

    fn read_file(&mut self, path: &Path, parent: Option<usize>, location: &Location) -> Result<usize> {
        let text =
            fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let parsed = syn::parse_file(&text).map_err(|source| Error::Source {
            path: path.to_owned(),
            line: source.span().start().line,
            source,
        })?;
        let file = self.files.iter().position(|known| known == path).unwrap_or_else(|| {
            self.files.push(path.to_owned());
            self.files.len() - 1
        });
        self.read_items(file, parent, &parsed.items, location)
    }

    fn read_items(
        &mut self,
        file: usize,
        parent: Option<usize>,
        items: &[Item],
        location: &Location,
    ) -> Result<usize> {
        let module = self.modules.len();
        let (children, names) = (BTreeMap::new(), BTreeSet::new());
        self.modules.push(Module { file, parent, children, items: names, code: Code::default() });
        for item in items.iter().filter(|item| !only_in_tests(attributes(item))) {
            if let Item::Mod(declaration) = item {
                if declaration.ident == "tests" {
                    continue;
                }
                let child = self.read_child(file, module, declaration, location)?;
                self.modules[module].children.insert(plain(&declaration.ident), child);
            } else {
                self.modules[module].items.extend(name(item).map(plain));
                self.modules[module].code.add(item);
            }
        }
        Ok(module)
    }

    fn read_child(
        &mut self,
        file: usize,
        parent: usize,
        declaration: &ItemMod,
        location: &Location,
    ) -> Result<usize> {
        let name = plain(&declaration.ident);
        let below = location.children.join(&name);
        if let Some((_, items)) = &declaration.content {
            let location = Location { folder: below.clone(), children: below };
            return self.read_items(file, Some(parent), items, &location);
        }
        let (beside, inside) = (location.children.join(format!("{name}.rs")), below.join("mod.rs"));
        let (path, children) = match path_attribute(declaration) {
            Some(path) => {
                let path = location.folder.join(path);
                let children = path.parent().unwrap_or(&path).to_owned();
                (path, children)
            }
            None if beside.is_file() => (beside, below),
            None if inside.is_file() => (inside, below),
            None => return Err(Error::Module { path: self.files[file].clone(), module: name }),
        };
        let folder = path.parent().unwrap_or(&path).to_owned();
        self.read_file(&path, Some(parent), &Location { folder, children })
    }
}

/// The path that `#[path = "…"]` gives.
fn path_attribute(declaration: &ItemMod) -> Option<String> {
    declaration.attrs.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = &pair.value else { return None };
        pair.path.is_ident("path").then(|| path.value())
    })
}

/// The name that an item defines in its module.
fn name(item: &Item) -> Option<&Ident> {
    match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Macro(item) => item.ident.as_ref(),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::TraitAlias(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        _ => None,
    }
}
