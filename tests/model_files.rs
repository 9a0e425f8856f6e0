//! Trained networks as files of other programs, and adapters that come back. What PEFT, PyTorch and ONNX Runtime make of the
//! files is compared by scripts/round-trip.sh.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::command::{Ranklab, failed, succeeded};

/// Settings of a run that an imported adapter has to share.
const SETTINGS: [&str; 2] = ["split=patient", "folds=3"];

/// A finished run of model_5 with rank 2, exported to the folder `adapter`, and the images unpacked into `all`.
fn exported() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.sweep(&[&SETTINGS[..], &["rank=2"]].concat()));
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap().extract(ranklab.path("all")).unwrap();
    let said = ranklab.stdout(&["export", "1", "--to", "peft", "adapter"]);
    assert!(said.contains("exported run 1 to adapter/README.md, adapter/adapter_config.json"), "{said}");
    ranklab
}

/// Probabilities by image.
fn predicted(ranklab: &Ranklab, run: &str) -> BTreeMap<String, f64> {
    let printed = ranklab.stdout(&["predict", "-q", run, "all", "--format", "json"]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let row = |row: &Value| (row["image"].as_str().unwrap().to_owned(), row["probability"].as_f64().unwrap());
    printed["predictions"].as_array().unwrap().iter().map(row).collect()
}

fn answer(ranklab: &Ranklab, sql: &str) -> String {
    ranklab.stdout(&["query", sql, "--format", "csv"]).lines().last().unwrap().to_owned()
}

#[test]
fn an_exported_adapter_comes_back_as_a_run_that_predicts_the_same() {
    let ranklab = exported();
    let card = fs::read_to_string(ranklab.path("adapter/README.md")).unwrap();
    for part in ["Trained on", "test images: accuracy", "SYNTHETIC", "No patient is both"] {
        assert!(card.contains(part), "{part} is missing in\n{card}");
    }
    let import = ["import", "adapter", "weights=random"];
    assert!(ranklab.stdout(&import).contains("as run 2"));
    assert!(ranklab.stdout(&import).contains("was imported before as run 2"));
    assert_eq!(answer(&ranklab, "select status || ' ' || rank from runs where id = 2"), "imported 2");
    let (own, again) = (predicted(&ranklab, "1"), predicted(&ranklab, "latest"));
    assert_eq!(own.len(), 60);
    for (image, probability) in &own {
        assert!((probability - again[image]).abs() < 1e-6, "{image}: {probability} and {}", again[image]);
    }
    // It is evaluated and exported as a finished run is.
    let output = ranklab.run(&["evaluate", "2", "dataset=all"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not say what it was trained on"));
    succeeded(&output);
    assert_eq!(
        answer(&ranklab, "select count(*) from evaluations where run_id = 2 and shared_images is null"),
        "1"
    );
    succeeded(&ranklab.run(&["export", "2", "--to", "onnx", "again.onnx"]));
    succeeded(&ranklab.run(&["runs", "show", "2"]));
    succeeded(&ranklab.run(&["check"]));
    // An import fulfils no trial.
    let sweep = succeeded(&ranklab.sweep(&[&SETTINGS[..], &["rank=2"]].concat()));
    assert!(sweep.contains("0 trained, 1 finished before"), "{sweep}");
    // Without its weights it is imported again, and no sweep makes it.
    let model = ranklab.path("runs/000002/model.safetensors");
    let bytes = fs::read(&model).unwrap();
    for damaged in [None, Some("half")] {
        fs::remove_file(&model).unwrap();
        damaged.into_iter().for_each(|text| fs::write(&model, text).unwrap());
        let line = failed(&ranklab.run(&["predict", "2", "all"]));
        assert!(
            line.contains("put it back from a copy, or import its adapter again from ")
                && !line.contains("sweep"),
            "{line}"
        );
        let said = ranklab.stdout(&import);
        assert!(
            said.contains("as run 2, whose model file was gone or changed: it is stored again"),
            "{said}"
        );
        assert_eq!(fs::read(&model).unwrap(), bytes);
    }
    assert_eq!(predicted(&ranklab, "2"), again);
}

#[test]
fn merged_files_are_written_and_the_same_run_gives_the_same_bytes() {
    let ranklab = exported();
    succeeded(&ranklab.sweep(&[&SETTINGS[..], &["model=model_4"]].concat()));
    for run in ["1", "2"] {
        for (kind, files) in [("safetensors", &["n.safetensors", "n.py"][..]), ("onnx", &["n.onnx"])] {
            let export = |name: &str| succeeded(&ranklab.run(&["export", run, "--to", kind, name]));
            export(files[0]);
            let read = || files.iter().map(|file| fs::read(ranklab.path(file)).unwrap()).collect::<Vec<_>>();
            let first = read();
            assert!(first.iter().all(|bytes| bytes.len() > 500), "{kind}");
            export(files[0]);
            assert_eq!(read(), first, "run {run}: {kind}");
        }
    }
    let refused = failed(&ranklab.run(&["export", "2", "--to", "peft", "other"]));
    assert!(refused.contains("model_4 has no adapters for PEFT"), "{refused}");
    assert!(!ranklab.path("other").exists());
}

#[test]
fn training_starts_from_an_adapter_and_is_another_trial_than_a_fresh_one() {
    let ranklab = exported();
    let settings = [&SETTINGS[..], &["rank=2", "start=adapter", "lr=0.001"]].concat();
    let first = succeeded(&ranklab.sweep(&settings));
    assert!(first.contains("1 trained, 0 finished before"), "{first}");
    assert!(succeeded(&ranklab.sweep(&settings)).contains("0 trained, 1 finished before"));
    succeeded(&ranklab.run(&["verify", "-q", "2"]));
    // What the adapter was trained on is not known.
    let output = ranklab.run(&["evaluate", "2", "dataset=all"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("training started from an adapter"));
    succeeded(&output);
    assert_eq!(answer(&ranklab, "select count(*) from evaluations where audit_problem is not null"), "1");
    let fresh = succeeded(&ranklab.sweep(&[&SETTINGS[..], &["rank=2", "lr=0.001"]].concat()));
    assert!(fresh.contains("1 trained, 0 finished before"), "{fresh}");
    assert_eq!(answer(&ranklab, "select count(distinct config_hash) from runs"), "3");
    assert_eq!(answer(&ranklab, "select count(distinct model_hash) from runs"), "3");
    // Another adapter at the same path is another trial.
    succeeded(&ranklab.run(&["export", "3", "--to", "peft", "other"]));
    fs::remove_dir_all(ranklab.path("adapter")).unwrap();
    fs::rename(ranklab.path("other"), ranklab.path("adapter")).unwrap();
    let other = succeeded(&ranklab.sweep(&settings));
    assert!(other.contains("1 trained, 0 finished before"), "{other}");
    let refused = failed(&ranklab.sweep(&[&SETTINGS[..], &["rank=4", "start=adapter"]].concat()));
    assert!(refused.contains("give those of the adapter"), "{refused}");
}

#[test]
fn what_cannot_be_exported_or_imported_is_one_clear_line_and_leaves_nothing() {
    let ranklab = exported();
    let refused = |arguments: &[&str]| failed(&ranklab.run(arguments));
    assert!(refused(&["export", "1", "--to", "tar", "x"]).contains("there is no export to `tar`"));
    assert!(refused(&["export", "--to", "onnx", "x"]).contains("takes a run"));
    assert!(refused(&["export", "9", "--to", "onnx", "x"]).contains("there is no run 9"));
    assert!(refused(&["export", "1", "--to", "onnx", "all"]).contains("is a folder"));
    assert!(refused(&["export", "1", "--to", "peft", "all"]).contains("which no export wrote"));
    assert!(!ranklab.path("x").exists());

    assert!(refused(&["import", "nowhere"]).contains("adapter_config.json cannot be read"));
    assert!(refused(&["import", "adapter", "rank=4"]).contains("`rank` is no setting of an import"));
    let wrong_size = refused(&["import", "adapter", "weights=random", "image_size=64"]);
    assert!(wrong_size.contains("image_size"), "{wrong_size}");
    let reversed = ["import", "adapter", "weights=random", "positive=Uninfected", "negative=Parasitized"];
    assert!(refused(&reversed).contains("are the classes of ranklab.json the wrong way round"));
    let description = ranklab.path("adapter/ranklab.json");
    let described = fs::read_to_string(&description).unwrap();
    fs::write(&description, described.replace("\"image_size\": 32", "\"image_size\": 1000000000")).unwrap();
    assert!(refused(&["import", "adapter", "weights=random"]).contains("image_size is 1000000000: put"));
    fs::write(&description, described).unwrap();
    let file = ranklab.path("adapter/adapter_model.safetensors");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let cut = refused(&["import", "adapter", "weights=random"]);
    assert!(cut.contains("the adapter in adapter cannot be used"), "{cut}");
    assert!(
        refused(&["sweep", "start=adapter", "dataset=synthetic", "weights=random"])
            .contains("cannot be used")
    );
    let config = ranklab.path("adapter/adapter_config.json");
    let text = fs::read_to_string(&config).unwrap().replace("\"LORA\"", "\"LOHA\"");
    fs::write(&config, text).unwrap();
    fs::write(&file, bytes).unwrap();
    assert!(refused(&["import", "adapter", "weights=random"]).contains("LOHA"));
    assert_eq!(answer(&ranklab, "select count(*) from runs"), "1");
}

#[cfg(unix)]
#[test]
fn what_no_export_wrote_is_not_replaced_and_a_failing_export_changes_nothing() {
    let ranklab = exported();
    let export = |kind: &str, target: &str| ranklab.run(&["export", "1", "--to", kind, target]);
    let refused = |kind: &str, target: &str| failed(&export(kind, target));
    // A card and a module of somebody, and a name that is none of a merged file.
    fs::create_dir(ranklab.path("proj")).unwrap();
    let mine = ["proj/README.md", "train.py"].map(|name| ranklab.path(name));
    mine.iter().for_each(|path| fs::write(path, "mine").unwrap());
    let line = refused("peft", "proj");
    assert!(line.contains("proj holds README.md, which no export wrote"), "{line}");
    let line = refused("safetensors", "train.safetensors");
    assert!(line.contains("train.py is no module that an export wrote"), "{line}");
    let line = refused("safetensors", "net.py");
    assert!(line.contains("net.py does not end in .safetensors"), "{line}");
    assert!(mine.iter().all(|path| fs::read(path).unwrap() == b"mine"));
    assert!(!ranklab.path("train.safetensors").exists() && !ranklab.path("net.py").exists());
    // A pipe and a link.
    let pipe = ranklab.path("pipe.onnx");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&mine[1], ranklab.path("link.safetensors")).unwrap();
    for (kind, target, is) in [("onnx", "pipe.onnx", "a pipe"), ("safetensors", "link.safetensors", "a link")]
    {
        let line = refused(kind, target);
        assert!(line.contains(&format!("cannot write {target}: there is {is} of that name")), "{line}");
        assert!(!ranklab.path(target).is_file() || ranklab.path(target).is_symlink());
    }
    // An adapter whose tensors are a pipe is refused, and not waited for.
    fs::create_dir(ranklab.path("pipes")).unwrap();
    fs::copy(ranklab.path("adapter/adapter_config.json"), ranklab.path("pipes/adapter_config.json")).unwrap();
    fs::rename(&pipe, ranklab.path("pipes/adapter_model.safetensors")).unwrap();
    let line = failed(&ranklab.run(&["import", "pipes", "weights=random"]));
    assert!(line.contains("adapter_model.safetensors cannot be read (it is a pipe and no file)"), "{line}");
    // The base weights are larger than the limit on files, and the adapter is not.
    let read = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(ranklab.path("adapter")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        files.sort();
        files
    };
    succeeded(&ranklab.sweep(&[&SETTINGS[..], &["rank=1"]].concat()));
    let before = read();
    let limited = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 40000; exec \"$0\" export 2 --to peft adapter"])
        .arg(env!("CARGO_BIN_EXE_ranklab"))
        .current_dir(ranklab.folder.path())
        .output()
        .unwrap();
    let line = failed(&limited);
    assert!(line.contains("cannot write adapter; free some space or choose another path"), "{line}");
    assert!(read() == before, "a failing export changed its folder");
    // What a killed export left is no obstacle.
    for left in ["adapter/base_model.3130.part", "adapter/.ranklab-abc123.part"] {
        fs::write(ranklab.path(left), "half").unwrap();
    }
    succeeded(&ranklab.run(&["export", "2", "--to", "peft", "adapter"]));
    let after = read();
    assert!(after.len() == before.len() && after.iter().zip(&before).all(|(new, old)| new.0 == old.0));
}
