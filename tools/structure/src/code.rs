//! What a module's code mentions: imports, paths, called macros, identifiers and strings.

use proc_macro2::TokenStream;
use syn::{
    Attribute, Ident, ImplItem, Item, ItemUse, Lit, Local, Macro, Meta, Path, Stmt, TraitItem, UseTree,
    Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::condition::only_in_tests;
use crate::tokens::{Piece, pieces, plain};

/// Names joined by `::`, with the line on which they stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// One name that a `use` brings into a module.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The name in the module.
    pub(crate) name: String,
    /// The imported path.
    pub(crate) of: Mention,
    /// Whether it is visible outside the module.
    pub(crate) is_public: bool,
}

/// The code of one module, but for what only tests compile.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) imports: Vec<Import>,
    /// Imports of everything in a module or an enum.
    pub(crate) globs: Vec<Mention>,
    pub(crate) paths: Vec<Mention>,
    /// Names of macros that are called.
    pub(crate) calls: Vec<(String, usize)>,
    /// Identifiers and literals.
    pub(crate) words: Vec<(String, usize)>,
}

impl Code {
    /// Adds an item of the module, with all that is in it.
    pub(crate) fn add(&mut self, item: &Item) {
        self.visit_item(item);
    }

    fn add_tokens(&mut self, tokens: &TokenStream) {
        for (piece, line) in pieces(tokens) {
            match piece {
                Piece::Path(path) => self.paths.push(Mention { path, line }),
                Piece::Call(name) => self.calls.push((name, line)),
                Piece::Name(name) => self.words.push((name, line)),
                Piece::Literal(text) => self.words.push((text, line)),
            }
        }
    }

    /// Adds paths that attributes take in strings, as serde does: `with = "crate::hex"` calls two functions of that
    /// module.
    fn add_paths_in_strings(&mut self, tokens: &TokenStream) {
        for (piece, line) in pieces(tokens) {
            let Piece::Literal(text) = piece else { continue };
            let Ok(path) = syn::parse_str::<Path>(text.trim_matches('"')) else { continue };
            let path: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
            for function in ["serialize", "deserialize"] {
                self.paths.push(Mention { path: [path.as_slice(), &[function.into()]].concat(), line });
            }
            self.paths.push(Mention { path, line });
        }
    }

    fn add_use(&mut self, before: &[String], tree: &UseTree, is_public: bool) {
        let line = tree.span().start().line;
        let join = |name: &Ident| [before, &[plain(name)]].concat();
        let mut import = |name: &Ident, path: Vec<String>| {
            self.imports.push(Import { name: plain(name), of: Mention { path, line }, is_public });
        };
        match tree {
            UseTree::Path(path) => self.add_use(&join(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_use(before, tree, is_public));
            }
            UseTree::Glob(_) => self.globs.push(Mention { path: before.to_vec(), line }),
            UseTree::Rename(rename) if rename.ident == "self" => import(&rename.rename, before.to_vec()),
            UseTree::Rename(rename) => import(&rename.rename, join(&rename.ident)),
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = before.last() {
                    import(&Ident::new(last, name.ident.span()), before.to_vec());
                }
            }
            UseTree::Name(name) => import(&name.ident, join(&name.ident)),
        }
    }
}

impl<'ast> Visit<'ast> for Code {
    fn visit_item(&mut self, item: &'ast Item) {
        if !only_in_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !only_in_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let TraitItem::Fn(function) = item else { return visit::visit_trait_item(self, item) };
        if !only_in_tests(&function.attrs) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !matches!(statement, Stmt::Local(Local { attrs, .. }) if only_in_tests(attrs)) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // A path from `::` on is another crate's.
        let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        self.add_use(&start, &item.tree, !matches!(item.vis, Visibility::Inherited));
        visit::visit_item_use(self, item);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let mut names: Vec<String> = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        if path.leading_colon.is_some() {
            names.insert(0, String::new());
        }
        self.paths.push(Mention { path: names, line: path.span().start().line });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Some(name) = call.path.segments.last() {
            self.calls.push((plain(&name.ident), name.ident.span().start().line));
        }
        self.visit_path(&call.path);
        self.add_tokens(&call.tokens);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            // Documentation is a comment.
            meta if meta.path().is_ident("doc") => {}
            Meta::List(list) => {
                self.add_tokens(&list.tokens);
                self.add_paths_in_strings(&list.tokens);
            }
            meta => visit::visit_meta(self, meta),
        }
    }

    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.words.push((plain(ident), ident.span().start().line));
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        let text = match literal {
            Lit::Str(text) => text.value(),
            Lit::ByteStr(bytes) => String::from_utf8_lossy(&bytes.value()).into_owned(),
            Lit::CStr(text) => text.value().to_string_lossy().into_owned(),
            _ => return,
        };
        self.words.push((text, literal.span().start().line));
    }
}

/// The attributes of an item.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
