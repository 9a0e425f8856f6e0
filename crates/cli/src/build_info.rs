//! The commit that this binary was compiled from, as the build script asked git.

use ranklab_sweep::Code;

/// The commit of the compiled sources, and whether they had uncommitted changes.
pub(crate) fn source_commit() -> Code {
    let known = |value: &'static str| (!value.is_empty()).then_some(value);
    Code {
        commit: known(env!("RANKLAB_COMMIT")).map(str::to_owned),
        dirty: known(env!("RANKLAB_DIRTY")).map(|dirty| dirty == "true"),
    }
}
