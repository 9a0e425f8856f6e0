//! What this binary was compiled from; the build script asked git.

use ranklab_sweep::Code;

/// Its commit, and whether the sources had uncommitted changes.
pub(crate) fn code() -> Code {
    let told = |value: &'static str| (!value.is_empty()).then_some(value);
    Code {
        commit: told(env!("RANKLAB_COMMIT")).map(str::to_owned),
        dirty: told(env!("RANKLAB_DIRTY")).map(|dirty| dirty == "true"),
    }
}
