//! Whether an exported network may be written to a target: what no export wrote is not replaced.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use ranklab_files::{is_part, is_part_file, obstacle};
use ranklab_zoo::exchange::{CARD_FILE, is_our_onnx};

/// How the name of a merged file ends.
const MERGED: &str = "safetensors";
/// The first line of an exported module, after the network's name.
const MODULE_LINE: &str = " of a ranklab run in PyTorch, on torchvision's VGG16.\"\"\"\n";
/// The first lines of an exported card.
const CARD_START: &str =
    "---\nlibrary_name: peft\ntags:\n- lora\n- vgg16\n- image-classification\n---\n\n# Run ";
/// Bytes in which both stand.
const START: u64 = 256;

/// Path of the Python module beside a merged file.
///
/// # Errors
/// When the file's name has another ending than `.safetensors`: names with other dots would share a module.
pub(super) fn module_of(merged: &Path) -> anyhow::Result<PathBuf> {
    if merged.extension().is_none_or(|ending| ending != MERGED) {
        bail!("{} does not end in .{MERGED}; give a name such as network.{MERGED}", merged.display());
    }
    Ok(merged.with_extension("py"))
}

/// Refuses a file that cannot be replaced.
pub(super) fn check_file(path: &Path) -> anyhow::Result<()> {
    match obstacle(path) {
        Some(is) => {
            bail!("cannot write {}: there is {is} of that name; choose another path", path.display())
        }
        None => Ok(()),
    }
}

/// Refuses an ONNX file that no export wrote.
pub(super) fn check_onnx(path: &Path) -> anyhow::Result<()> {
    check_file(path)?;
    refuse_unless(is_empty(path) || is_our_onnx(&start(path)?), path)
}

/// Refuses a merged file and its module unless an export wrote both: the module shows it.
pub(super) fn check_merged(path: &Path, module: &Path) -> anyhow::Result<()> {
    check_file(path)?;
    check_module(module)?;
    refuse_unless(is_empty(path) || module.exists(), path)
}

/// Refuses a module that no export wrote.
fn check_module(path: &Path) -> anyhow::Result<()> {
    check_file(path)?;
    let is_ours = |text: &str| text.starts_with("\"\"\"") && text.contains(MODULE_LINE);
    if path.exists() && !is_ours(&start_text(path)?) {
        bail!(
            "{} is no module that an export wrote; give the network another name or move the module away",
            path.display()
        );
    }
    Ok(())
}

/// Whether nothing would be lost with this file.
fn is_empty(path: &Path) -> bool {
    !path.exists() || path.metadata().is_ok_and(|file| file.len() == 0)
}

fn refuse_unless(is_ours: bool, path: &Path) -> anyhow::Result<()> {
    if !is_ours {
        bail!(
            "cannot replace {}, which no export wrote; choose another path or move the file away",
            path.display()
        );
    }
    Ok(())
}

/// Refuses a folder unless it is absent, empty, or holds the files of an export alone: `names`.
pub(super) fn check_folder(folder: &Path, names: &[&str]) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("{} is {}; give the path of a folder", folder.display(), obstacle(folder).unwrap_or("a file"));
    }
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| !is_left(path, names)).collect();
    found.sort();
    let is_named = |path: &&PathBuf| names.iter().any(|name| path.ends_with(name));
    let is_exported = match found.iter().find(|path| path.ends_with(CARD_FILE)) {
        Some(card) => obstacle(card).is_none() && start_text(card)?.starts_with(CARD_START),
        None => false,
    };
    let other = match is_exported {
        true => found.iter().find(|path| !is_named(path)),
        // The card is renamed first: without one, no export wrote any of them.
        false => found.iter().find(|path| path.ends_with(CARD_FILE)).or(found.first()),
    };
    match other {
        Some(other) => bail!(
            "{} holds {}, which no export wrote; give another folder or an empty one",
            folder.display(),
            other.file_name().unwrap_or_default().to_string_lossy()
        ),
        None => names.iter().try_for_each(|name| check_file(&folder.join(name))),
    }
}

/// Removes what killed exports of earlier versions left beside files of these names.
pub(super) fn remove_left(folder: &Path, names: &[&str]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if is_left(&path, names) && !is_part_file(&path) && obstacle(&path).is_none() {
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a killed export left a file, or one that still writes.
fn is_left(path: &Path, names: &[&str]) -> bool {
    // NAME.PROCESS.part, in which NAME has lost its ending.
    let name = path.file_stem().map(Path::new).and_then(Path::file_stem);
    let is_ours = names.iter().any(|ours| Path::new(ours).file_stem() == name);
    is_part_file(path) || (is_part(path) && is_ours)
}

/// The first bytes of a file as text.
fn start_text(path: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&start(path)?).into_owned())
}

/// The first bytes of a file.
fn start(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read {}; make it readable or choose another path", path.display()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = [CARD_FILE, "base_model.safetensors"];

    fn refused(outcome: anyhow::Result<()>) -> String {
        outcome.unwrap_err().to_string()
    }

    #[test]
    fn a_merged_file_needs_its_ending_and_each_has_its_own_module() {
        assert_eq!(module_of(Path::new("a/run2_v1.0.safetensors")).unwrap(), Path::new("a/run2_v1.0.py"));
        for name in ["net.py", "run2_v1.0", ".safetensors", "net.SAFETENSORS"] {
            let line = module_of(Path::new(name)).unwrap_err().to_string();
            assert_eq!(
                line,
                format!("{name} does not end in .safetensors; give a name such as network.safetensors")
            );
        }
    }

    #[test]
    fn only_a_module_of_an_export_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let module = folder.path().join("train.py");
        check_module(&module).unwrap();
        fs::write(&module, "import torch\n").unwrap();
        assert!(refused(check_module(&module)).contains("train.py is no module that an export wrote"));
        fs::write(&module, format!("\"\"\"model_4{MODULE_LINE}\nimport torch\n")).unwrap();
        check_module(&module).unwrap();
    }

    #[test]
    fn only_a_merged_file_beside_its_module_and_an_onnx_file_of_an_export_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (merged, module, onnx) = (path("net.safetensors"), path("net.py"), path("net.onnx"));
        for file in [&merged, &onnx] {
            fs::write(file, "").unwrap();
        }
        check_merged(&merged, &module).unwrap();
        check_onnx(&onnx).unwrap();
        for file in [&merged, &onnx] {
            fs::write(file, "mine").unwrap();
        }
        let line = refused(check_merged(&merged, &module));
        assert!(
            line.contains("cannot replace") && line.contains("net.safetensors, which no export wrote"),
            "{line}"
        );
        assert!(refused(check_onnx(&onnx)).contains("net.onnx, which no export wrote"));
        fs::write(&module, format!("\"\"\"model_4{MODULE_LINE}\nimport torch\n")).unwrap();
        check_merged(&merged, &module).unwrap();
        fs::write(&onnx, b"\x08\x08\x12\x07ranklab\x1a\x050.1.0").unwrap();
        check_onnx(&onnx).unwrap();
    }

    #[test]
    fn only_an_empty_folder_and_that_of_an_export_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        check_folder(&path("absent"), &NAMES).unwrap();
        check_folder(folder.path(), &NAMES).unwrap();
        for name in NAMES {
            fs::write(path(name), "mine").unwrap();
            let line = refused(check_folder(folder.path(), &NAMES));
            assert!(line.contains(&format!("holds {name}, which no export wrote")), "{line}");
            fs::remove_file(path(name)).unwrap();
        }
        fs::write(path(CARD_FILE), format!("{CARD_START}1")).unwrap();
        fs::write(path(NAMES[1]), "").unwrap();
        check_folder(folder.path(), &NAMES).unwrap();
        fs::write(path("notes.txt"), "mine").unwrap();
        assert!(refused(check_folder(folder.path(), &NAMES)).contains("holds notes.txt, which no"));
    }

    #[test]
    fn what_killed_exports_left_is_no_obstacle_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["base_model.3130.part", ".ranklab-abc123.part"] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        check_folder(folder.path(), &NAMES).unwrap();
        remove_left(folder.path(), &NAMES);
        // The other one may be another export's that still writes; its lock says so.
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join("mine.3130.part"), "half").unwrap();
        assert!(refused(check_folder(folder.path(), &NAMES)).contains("holds mine.3130.part"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_in_the_way_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        for name in NAMES {
            let pipe = folder.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            assert!(refused(check_file(&pipe)).contains("there is a pipe of that name; choose another path"));
            refused(check_module(&pipe));
            refused(check_folder(folder.path(), &NAMES));
            fs::remove_file(pipe).unwrap();
        }
    }
}
