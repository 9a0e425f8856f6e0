//! The packages of a workspace, parsed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

use crate::error::{Error, Result};
use crate::manifest::{Manifest, shared};
use crate::module_tree::ModuleTree;

/// A package: its manifest and its modules.
#[derive(Debug)]
pub struct Package {
    /// The folder, below the workspace's: `crates/data`.
    pub folder: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) tree: ModuleTree,
}

impl Package {
    /// Whether it is one of the developers' tools.
    pub(crate) fn is_tool(&self) -> bool {
        self.folder.starts_with("tools")
    }
}

/// All packages below `crates/` and `tools/` but those that are separate workspaces.
#[derive(Debug)]
pub struct Workspace {
    /// The workspace's folder.
    pub root: PathBuf,
    /// Sorted by folder.
    pub packages: Vec<Package>,
    /// Libraries of others in the workspace's table of dependencies.
    pub(crate) libraries: BTreeSet<String>,
}

impl Workspace {
    /// Reads and parses the manifests and sources of all packages.
    ///
    /// # Errors
    /// When a file cannot be read or parsed.
    pub fn read(root: &Path) -> Result<Self> {
        let mut packages = Vec::new();
        for group in
            ["crates", "tools"].map(|name| root.join(name)).into_iter().filter(|group| group.is_dir())
        {
            let entries = WalkDir::new(&group).min_depth(1).max_depth(1).sort_by_file_name();
            for entry in entries {
                let entry =
                    entry.map_err(|error| Error::Read { path: group.clone(), source: error.into() })?;
                if entry.path().join("Cargo.toml").is_file() {
                    let folder = entry.path().strip_prefix(root).unwrap_or(entry.path()).to_owned();
                    let manifest = Manifest::read(entry.path())?;
                    if !manifest.is_workspace {
                        let tree = ModuleTree::read(entry.path())?;
                        packages.push(Package { folder, manifest, tree });
                    }
                }
            }
        }
        let mut libraries = shared(root)?;
        libraries.retain(|name| !name.starts_with("ranklab-"));
        Ok(Self { root: root.to_owned(), packages, libraries })
    }

    /// A file's path below the workspace's folder.
    pub(crate) fn below<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
