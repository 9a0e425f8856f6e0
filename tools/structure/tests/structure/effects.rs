//! Printing, environment variables and the end of the process outside `cli`.

use ranklab_structure::effects;

use crate::planted::workspace;

/// What is wrong with a source file at a path, as messages.
fn check(path: &str, source: &str) -> Vec<String> {
    let (_folder, workspace) = workspace(&[(path, source)]);
    effects(&workspace).into_iter().map(|violation| violation.message).collect()
}

#[test]
fn code_that_prints_reads_variables_or_exits() {
    for (source, what) in [
        ("fn f() { println!(\"x\") }", "println!"),
        ("fn f() { if true { eprintln!(\"x\") } }", "eprintln!"),
        ("fn f() { std::print!(\"x\") }", "print!"),
        ("fn f() { outer! { println!(\"x\") } }", "println!"),
        ("fn f() { std::env::var(\"X\"); }", "std::env::var"),
        ("fn f() { ::std::env::var(\"X\"); }", "std::env::var"),
        ("use std::env; fn f() { env::var_os(\"X\"); }", "std::env::var_os"),
        ("use std::{env as e}; fn f() { e::vars(); }", "std::env::vars"),
        ("use std::env::var; fn f() { var(\"X\"); }", "std::env::var"),
        ("use std::env::*; fn f() { var(\"X\"); }", "std::env::var"),
        ("use std::process; fn f() -> ! { process::exit(1) }", "std::process::exit"),
        ("use std::process::{self, exit}; fn f() -> ! { exit(1) }", "std::process::exit"),
        ("fn f() { html! { (std::env::var(\"X\")) } }", "std::env::var"),
        ("mod inner { fn f() { std::process::abort() } }", "std::process::abort"),
    ] {
        assert_eq!(
            check("crates/data/src/lib.rs", source),
            [format!("only cli may call {what}")],
            "{source}"
        );
    }
}

#[test]
fn the_message_names_the_line() {
    let (_folder, workspace) =
        workspace(&[("crates/data/src/lib.rs", "//! X.\n\nfn f() {\n    println!()\n}\n")]);
    assert_eq!(effects(&workspace)[0].to_string(), "crates/data/src/lib.rs:4: only cli may call println!");
}

#[test]
fn code_that_looks_like_it() {
    for source in [
        "#[cfg(test)] mod tests { fn f() { println!() } }",
        "/// Calls `println!` and `std::env::var`.\nfn f() {} // println!()",
        "const TEXT: &str = \"println!() std::process::exit(1)\";",
        "const VERSION: &str = env!(\"CARGO_PKG_VERSION\");",
        "fn f() { std::env::temp_dir(); std::process::id(); }",
        "mod process { pub fn exit() {} } fn f() { process::exit() }",
        "fn exit() {} fn f() { exit() }",
        "use std::fmt::Write; fn f(text: &mut String) { writeln!(text, \"x\"); }",
    ] {
        assert_eq!(check("crates/data/src/lib.rs", source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn the_command_line_and_the_tools_may() {
    let source = "fn main() { println!(\"{:?}\", std::env::var(\"X\")); std::process::exit(1) }";
    for path in [
        "crates/cli/src/main.rs",
        "tools/stress/src/main.rs",
        "crates/data/build.rs",
        "crates/data/tests/x.rs",
        "crates/data/benches/x.rs",
        "crates/data/examples/x.rs",
    ] {
        assert_eq!(check(path, source), Vec::<String>::new(), "{path}");
    }
}
