//! Which items only tests compile.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Meta};

/// Whether an item with these attributes exists in tests only: `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
pub(crate) fn only_in_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => needs_test(&list.tokens),
        _ => false,
    })
}

/// Whether a condition, or one of those that it joins by `all`, is `test`.
fn needs_test(condition: &TokenStream) -> bool {
    let mut name = String::new();
    let mut tokens = condition.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) => {
                name = ident.to_string();
                let stands_alone = !matches!(tokens.peek(), Some(TokenTree::Group(_)))
                    && !matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '=');
                if name == "test" && stands_alone {
                    return true;
                }
            }
            TokenTree::Group(group) if name == "all" && needs_test(&group.stream()) => return true,
            _ => {}
        }
    }
    false
}
