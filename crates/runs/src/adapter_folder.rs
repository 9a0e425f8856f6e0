//! A folder with an adapter that PEFT saved, or that an export wrote.

use std::path::Path;

use ranklab_files::{read_file_at_most, sha256};
use ranklab_zoo::exchange::{
    ADAPTER_CONFIG_FILE, ADAPTER_FILE, DESCRIPTION_FILE, ImportedAdapter, PeftFolder, read_peft,
};

use crate::Error;

/// Largest file of settings in bytes.
const LARGEST_SETTINGS: u64 = 1 << 20;
/// Largest file of tensors: rank 512 in all layers and the largest classifier have less.
const LARGEST_TENSORS: u64 = 4 << 30;

/// An adapter with the hash of its files.
#[derive(Clone, Debug)]
pub struct AdapterFolder {
    /// The adapter.
    pub adapter: ImportedAdapter,
    /// SHA-256 over the hashes of the files that were read.
    pub hash: String,
}

impl AdapterFolder {
    /// Reads the adapter in `folder`.
    ///
    /// # Errors
    /// When a file is absent, too large or damaged, or the adapter is none of VGG16's convolutions.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let problem = |problem: String| Error::Adapter { path: folder.to_owned(), problem };
        let read = |name: &str, most: u64| {
            let path = folder.join(name);
            let bytes = read_file_at_most(&path, most);
            let bytes = bytes.map_err(|reason| problem(format!("{name} cannot be read ({reason})")))?;
            bytes.ok_or_else(|| problem(format!("{name} is larger than {} MiB", most >> 20)))
        };
        let config = read(ADAPTER_CONFIG_FILE, LARGEST_SETTINGS)?;
        let tensors = read(ADAPTER_FILE, LARGEST_TENSORS)?;
        let is_described = folder.join(DESCRIPTION_FILE).exists();
        let description = is_described.then(|| read(DESCRIPTION_FILE, LARGEST_SETTINGS)).transpose()?;
        let files = PeftFolder { config: &config, tensors: &tensors, description: description.as_deref() };
        let adapter = read_peft(&files).map_err(|reason| problem(reason.to_string()))?;
        let hashes: Vec<String> =
            [Some(&config), Some(&tensors), description.as_ref()].into_iter().flatten().map(sha256).collect();
        Ok(Self { adapter, hash: sha256(hashes.join("\n")) })
    }
}
