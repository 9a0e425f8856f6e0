//! Reads the tokens of macros and attributes, which have no syntax tree.

use proc_macro2::{TokenStream, TokenTree};

/// A thing that a macro's tokens hold.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    /// Names joined by `::`, at least one; a field or method after a dot is none.
    Path(Vec<String>),
    /// The name of a macro that is called.
    Call(String),
    /// Any identifier.
    Name(String),
    /// A string, character or number as it is written.
    Literal(String),
}

/// All pieces of a token stream with their lines, those inside brackets as well.
pub(crate) fn pieces(stream: &TokenStream) -> Vec<(Piece, usize)> {
    let mut found = Vec::new();
    collect(stream, &mut found);
    found
}

fn collect(stream: &TokenStream, found: &mut Vec<(Piece, usize)>) {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    let is = |at: usize, wanted: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) => collect(&group.stream(), found),
            TokenTree::Literal(literal) => {
                found.push((Piece::Literal(literal.to_string()), literal.span().start().line));
            }
            TokenTree::Ident(first) => {
                let line = first.span().start().line;
                let is_field = at > 0 && is(at - 1, '.') && !(at > 1 && is(at - 2, '.'));
                let mut path = vec![plain(first)];
                while is(at + 1, ':') && is(at + 2, ':') {
                    let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else { break };
                    path.push(plain(next));
                    at += 3;
                }
                found.extend(path.iter().map(|name| (Piece::Name(name.clone()), line)));
                if is(at + 1, '!') && matches!(tokens.get(at + 2), Some(TokenTree::Group(_))) {
                    found.extend(path.last().map(|name| (Piece::Call(name.clone()), line)));
                }
                if !is_field {
                    found.push((Piece::Path(path), line));
                }
            }
            TokenTree::Punct(_) => {}
        }
        at += 1;
    }
}

/// An identifier without the `r#` of a raw one.
pub(crate) fn plain(ident: &proc_macro2::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}
