//! Circles of files.

use ranklab_structure::circles;

use crate::planted::data;

/// The files of the one circle in these files of a crate, joined by spaces.
fn circle(files: &[(&str, &str)]) -> String {
    let (_folder, workspace) = data(files);
    let found = circles(&workspace);
    assert_eq!(found.len(), 1, "{found:?}");
    let message = &found[0].message;
    let members = message.split(['(', ')']).nth(1).unwrap();
    assert!(message.contains("a shortest way round: "), "{message}");
    members.replace(',', "")
}

fn assert_none(files: &[(&str, &str)]) {
    let (_folder, workspace) = data(files);
    let found = circles(&workspace);
    assert!(found.is_empty(), "{found:?}");
}

const LIB: (&str, &str) = ("lib.rs", "mod a;\nmod b;\n");
const NEEDS_A: (&str, &str) = ("b.rs", "use crate::a::A;\npub struct B(A);\npub fn text() {}\n");

#[test]
fn two_files_that_import_each_other() {
    assert_eq!(circle(&[LIB, ("a.rs", "use crate::b::B;\npub struct A(B);"), NEEDS_A]), "a.rs b.rs");
    assert_eq!(circle(&[LIB, ("a.rs", "use super::b::{B};\npub struct A(B);"), NEEDS_A]), "a.rs b.rs");
}

#[test]
fn the_message_names_file_line_and_path_of_each_arrow() {
    let (_folder, workspace) = data(&[LIB, ("a.rs", "\nuse crate::b::B;\npub struct A(B);"), NEEDS_A]);
    assert_eq!(
        circles(&workspace)[0].to_string(),
        "crates/data/src/a.rs:2: 2 files import each other in a circle (a.rs, b.rs); a shortest way round: \
         a.rs:2 names crate::b::B, b.rs:1 names crate::a::A"
    );
}

#[test]
fn a_circle_of_three_files() {
    let found = circle(&[
        ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "pub struct C(Box<crate::a::A>);"),
    ]);
    assert_eq!(found, "a.rs b.rs c.rs");
}

#[test]
fn items_that_a_parent_exports_lead_to_the_files_that_define_them() {
    let lib = ("lib.rs", "mod a; mod b; pub use a::A; pub use crate::b::B;");
    let files =
        [lib, ("a.rs", "use crate::B; pub struct A(B);"), ("b.rs", "pub struct B(Option<crate::A>);")];
    assert_eq!(circle(&files), "a.rs b.rs");
    let renamed = ("lib.rs", "mod a; mod b; pub use a::A as First; pub use b::B;");
    let files =
        [renamed, ("a.rs", "use crate::B; pub struct A(B);"), ("b.rs", "pub struct B(crate::First);")];
    assert_eq!(circle(&files), "a.rs b.rs");
}

#[test]
fn exports_of_everything_are_followed() {
    let lib = ("lib.rs", "mod a; mod b; pub use a::*; pub use b::*;");
    let files =
        [lib, ("a.rs", "use crate::B; pub struct A(B);"), ("b.rs", "pub struct B(Option<crate::A>);")];
    assert_eq!(circle(&files), "a.rs b.rs");
}

#[test]
fn imports_of_everything_are_followed() {
    assert_eq!(circle(&[LIB, ("a.rs", "use crate::b::*; pub struct A(B);"), NEEDS_A]), "a.rs b.rs");
}

#[test]
fn a_folder_with_a_module_file() {
    let found = circle(&[
        ("lib.rs", "mod group; mod other;"),
        ("group/mod.rs", "mod one; pub use one::One;"),
        ("group/one.rs", "use crate::other::Other; pub struct One(Other);"),
        ("other.rs", "use crate::group::One; pub struct Other(Option<One>);"),
    ]);
    assert_eq!(found, "group/one.rs other.rs");
}

#[test]
fn items_of_an_imported_module() {
    for import in ["use crate::b;", "use crate::{b};", "use crate::b::{self};", "use crate::{b::{self, B}};"]
    {
        let a = format!("{import} pub struct A; fn f() {{ b::text() }}");
        assert_eq!(circle(&[LIB, ("a.rs", &a), NEEDS_A]), "a.rs b.rs", "{import}");
    }
    let renamed = "use crate::b as letters; pub struct A; fn f() { letters::text() }";
    assert_eq!(circle(&[LIB, ("a.rs", renamed), NEEDS_A]), "a.rs b.rs");
}

#[test]
fn paths_without_an_import() {
    for a in [
        "pub struct A; fn f() { crate::b::text() }",
        "pub struct A(crate::b::B);",
        "pub struct A; impl From<super::b::B> for A {}",
        "pub struct A; fn f() { use crate::b::B; }",
        "pub struct A; mod inner { use super::super::b::B; }",
        "pub struct A; fn f() { let _ = <u8 as crate::b::B>::new(); }",
    ] {
        assert_eq!(circle(&[LIB, ("a.rs", a), NEEDS_A]), "a.rs b.rs", "{a}");
    }
}

#[test]
fn paths_in_macros_and_attributes() {
    for a in [
        "pub struct A; fn f() { html! { p { (crate::b::text()) } } }",
        "use crate::b; pub struct A; fn f() { format!(\"{}\", b::text()) }",
        "pub struct A; macro_rules! call { () => { $crate::b::text() } }",
        "pub struct A { #[serde(default = \"crate::b::text\")] field: u8 }",
    ] {
        assert_eq!(circle(&[LIB, ("a.rs", a), NEEDS_A]), "a.rs b.rs", "{a}");
    }
    let serde = ("b.rs", "use crate::a::A; pub fn serialize(a: &A) {}");
    let a = ("a.rs", "pub struct A { #[serde(with = \"crate::b\")] field: u8 }");
    assert_eq!(circle(&[LIB, a, serde]), "a.rs b.rs");
}

#[test]
fn a_parent_and_a_child_that_use_each_other() {
    let found = circle(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; pub struct A; fn f() { child::find() }"),
        ("a/child.rs", "use super::A; pub fn find() -> A { A }"),
    ]);
    assert_eq!(found, "a.rs a/child.rs");
    let exported = circle(&[
        ("lib.rs", "mod a; pub use a::A; pub const HALF: f64 = 0.5;"),
        ("a.rs", "pub struct A; fn f() -> f64 { crate::HALF }"),
    ]);
    assert_eq!(exported, "lib.rs a.rs");
}

#[test]
fn programs_are_crates_as_well() {
    let files = [
        ("main.rs", "mod a; mod b; fn main() {}"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "use crate::a::A; pub struct B(Option<A>);"),
    ];
    assert_eq!(circle(&files), "a.rs b.rs");
    let files = [
        ("bin/x/main.rs", "mod a; mod b; fn main() {}"),
        ("bin/x/a.rs", "use crate::b::B; pub struct A(B);"),
        ("bin/x/b.rs", "use crate::a::A; pub struct B(Option<A>);"),
    ];
    assert_eq!(circle(&files), "bin/x/a.rs bin/x/b.rs");
}

#[test]
fn a_module_with_a_path_attribute() {
    let files = [
        ("lib.rs", "mod a; #[path = \"elsewhere.rs\"] mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("elsewhere.rs", "use crate::a::A; pub struct B(Option<A>);"),
    ];
    assert_eq!(circle(&files), "a.rs elsewhere.rs");
}

#[test]
fn arrows_one_way_are_no_circle() {
    assert_none(&[LIB, ("a.rs", "pub struct A;"), NEEDS_A]);
    assert_none(&[
        ("lib.rs", "mod a; mod b; mod c; mod d; pub use a::A; pub use b::B; pub use d::D;"),
        ("a.rs", "pub struct A;"),
        ("b.rs", "pub struct B(crate::A);"),
        ("c.rs", "pub struct C(crate::A);"),
        ("d.rs", "pub struct D(crate::B, crate::c::C);"),
    ]);
}

#[test]
fn a_declaration_of_a_child_that_uses_its_parent_is_no_circle() {
    assert_none(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; pub struct A;"),
        ("a/child.rs", "use super::A; impl A { pub fn find() {} }"),
    ]);
}

#[test]
fn what_a_folder_exports_besides_is_not_reached() {
    // `other` needs `one`, and `two` needs `other`: the folder's file stands between them and defines neither.
    assert_none(&[
        ("lib.rs", "mod group; mod other;"),
        ("group/mod.rs", "mod one; mod two; pub use one::One; pub use two::Two;"),
        ("group/one.rs", "pub struct One;"),
        ("group/two.rs", "use crate::other::Other; pub struct Two(Other);"),
        ("other.rs", "use crate::group::{self, One}; pub struct Other(group::One);"),
    ]);
}

#[test]
fn code_of_tests_is_left_out() {
    for a in [
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
        "pub struct A; #[cfg(all(test, unix))] mod checks { use crate::b::B; }",
        "pub struct A; #[cfg(test)] use crate::b::B;",
        "pub struct A; #[test] fn f() { crate::b::text() }",
        "pub struct A; impl A { #[cfg(test)] fn f() { crate::b::text() } }",
        "pub struct A; fn f() { #[cfg(test)] let _ = crate::b::text(); }",
    ] {
        assert_none(&[LIB, ("a.rs", a), NEEDS_A]);
    }
    assert_none(&[LIB, ("a.rs", "mod tests; pub struct A;"), ("a/tests.rs", "use crate::b::B;"), NEEDS_A]);
}

#[test]
fn code_without_tests_is_not_left_out() {
    let a = "pub struct A; #[cfg(not(test))] fn f() { crate::b::text() }";
    assert_eq!(circle(&[LIB, ("a.rs", a), NEEDS_A]), "a.rs b.rs");
    let a = "pub struct A; #[cfg(feature = \"test\")] fn f() { crate::b::text() }";
    assert_eq!(circle(&[LIB, ("a.rs", a), NEEDS_A]), "a.rs b.rs");
}

#[test]
fn comments_strings_fields_and_other_crates_are_no_arrows() {
    for a in [
        "//! See [`crate::b::B`].\n/// Of [`crate::b::text`].\npub struct A; // crate::b::B",
        "pub struct A; fn f() -> &'static str { \"crate::b::text()\" }",
        "pub struct A; fn f(b: A) { b.text(); html! { (b.text()) } }",
        "use ::b::B; pub struct A(B);",
        "use burn::b::B; pub struct A(B); fn f() { burn::b::text() }",
        "use std::collections::*; pub struct A; fn f() { text() }",
    ] {
        assert_none(&[LIB, ("a.rs", a), NEEDS_A]);
    }
}

#[test]
fn exports_in_a_circle_end() {
    assert_none(&[
        ("lib.rs", "mod a; mod b; pub use a::*; use crate::Ghost;"),
        ("a.rs", "pub use crate::b::*;"),
        ("b.rs", "pub use crate::a::*; pub use crate::Ghost as Spirit;"),
    ]);
}
