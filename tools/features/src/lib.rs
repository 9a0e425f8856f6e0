//! No code: a package that depends on every library of the workspace.
//!
//! cargo compiles a library anew when its features change, and they change with the packages that are chosen:
//! `cargo test --package ranklab-stats` alone compiles burn and polars once more. `scripts/test-crate.sh` chooses this
//! package as well, so that every library has the features that it has in the whole workspace.
