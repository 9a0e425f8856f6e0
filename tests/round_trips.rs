//! What comes back with an exported adapter, and what contradicts it.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    command::{Ranklab, failed, succeeded},
    drawn_images::draw_images,
};

/// Settings of drawn images with groups and words of their own.
const OWN: [&str; 9] = [
    "dataset=slides",
    "positive=annulus",
    "negative=blob",
    "group=(?P<slide>group_[0-9]+)_",
    "image_word=scan",
    "rank=2",
    "image_size=32",
    "weights=random",
    "epochs=2",
];

/// A finished run on drawn images, exported to the folder `adapter`.
fn exported() -> Ranklab {
    let ranklab = Ranklab::new();
    draw_images(|image| ranklab.path("slides").join(image.class).join(&image.name));
    succeeded(&ranklab.run(
        &[&["sweep", "lr=0.001", "batch_norm_momentum=0.5", "validation_fraction=0.3"], &OWN[..]].concat(),
    ));
    succeeded(&ranklab.run(&["export", "1", "--to", "peft", "adapter"]));
    ranklab
}

fn predicted(ranklab: &Ranklab, run: &str) -> Value {
    serde_json::from_str(&ranklab.stdout(&["predict", "-q", run, "slides", "--format", "json"])).unwrap()
}

/// Changes a value of `adapter/ranklab.json`.
fn describe(ranklab: &Ranklab, change: impl FnOnce(&mut Value)) {
    let path = ranklab.path("adapter/ranklab.json");
    let mut description: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut description);
    fs::write(path, description.to_string()).unwrap();
}

/// The class of each image, and the groups, as a prediction has them.
fn calls(predicted: &Value) -> (Vec<Value>, Value) {
    let images = predicted["predictions"].as_array().unwrap();
    (images.iter().map(|image| image["class"].clone()).collect(), predicted["groups"].clone())
}

#[test]
fn threshold_groups_and_words_come_back_and_the_imported_run_calls_the_same_classes() {
    let ranklab = exported();
    assert!(ranklab.stdout(&["import", "adapter", "weights=random"]).contains("as run 2"));
    let (own, imported) = (predicted(&ranklab, "1"), predicted(&ranklab, "2"));
    assert_eq!(
        own["threshold"].as_f64().unwrap().to_bits(),
        imported["threshold"].as_f64().unwrap().to_bits()
    );
    assert_ne!(own["threshold"], 0.5);
    assert_eq!(calls(&own), calls(&imported));
    assert_eq!(imported["groups"].as_array().unwrap().len(), 6);
    let source = imported["threshold_source"].as_str().unwrap();
    assert!(source.starts_with("imported with the adapter, chosen on "), "{source}");
    let shown = ranklab.stdout(&["predict", "-q", "2", "slides"]);
    assert!(shown.contains("slide  "), "the word for a group: {shown}");
    let evaluated = ranklab.stdout(&["evaluate", "2", "dataset=slides"]);
    assert!(
        evaluated.contains("6 slides at ") && evaluated.contains("imported with the adapter"),
        "{evaluated}"
    );

    // It leaves and comes back once more.
    succeeded(&ranklab.run(&["export", "2", "--to", "peft", "again"]));
    assert_eq!(
        fs::read(ranklab.path("again/ranklab.json")).unwrap(),
        fs::read(ranklab.path("adapter/ranklab.json")).unwrap()
    );

    // A folder of an earlier version has none of it.
    describe(&ranklab, |description| {
        let fields = description.as_object_mut().unwrap();
        fields.retain(|name, _| !["threshold", "group", "group_word", "image_word"].contains(&name.as_str()));
    });
    assert!(ranklab.stdout(&["import", "adapter", "weights=random"]).contains("as run 3"));
    let earlier = predicted(&ranklab, "3");
    assert_eq!(earlier["threshold"], 0.5);
    assert!(earlier["groups"].as_array().unwrap().is_empty());
    // Settings win over the folder.
    describe(&ranklab, |description| description["group"] = "(slide_[0-9])".into());
    let given = ["import", "adapter", "weights=random", "group=(group_[0-9]+)_"];
    assert!(ranklab.stdout(&given).contains("as run 4"));
    assert_eq!(predicted(&ranklab, "4")["groups"].as_array().unwrap().len(), 6);
    describe(&ranklab, |description| description["group"] = "slide".into());
    let line = failed(&ranklab.run(&["import", "adapter", "weights=random"]));
    assert!(line.contains("ranklab.json: group: `slide` has no bracket"), "{line}");
}

#[test]
fn a_start_whose_folder_contradicts_the_settings_is_refused_before_anything_is_trained() {
    let ranklab = exported();
    let train = |more: &[&str]| {
        let settings = [&["sweep", "start=adapter", "lr=0.002"], more, &OWN[3..]].concat();
        ranklab.run(&settings)
    };
    let data = ["dataset=slides", "positive=annulus", "negative=blob"];
    let reversed = failed(&train(&["dataset=slides", "positive=blob", "negative=annulus"]));
    assert!(
        reversed.contains(
            "positive=blob negative=annulus are the classes of its ranklab.json the wrong way round"
        ),
        "{reversed}"
    );
    let other = failed(&train(&[&data[..], &["activation=relu"]].concat()));
    assert!(other.contains("trained with activation=none, and the settings have activation=relu"), "{other}");
    describe(&ranklab, |description| description["trunk_sha256"] = "0".repeat(64).into());
    let trunk = failed(&train(&data));
    assert!(trunk.contains("it was trained on the trunk with hash 0000000000000000"), "{trunk}");
    fs::remove_dir_all(ranklab.path("adapter")).unwrap();
    succeeded(&ranklab.run(&["export", "1", "--to", "peft", "adapter"]));
    let runs = "select count(*) from runs";
    assert!(ranklab.stdout(&["query", runs, "--format", "csv"]).ends_with("\n1\n"));
    let done = succeeded(&train(&data));
    assert!(done.contains("1 trained"), "{done}");
}

#[test]
fn an_adapter_of_another_network_by_name_is_refused() {
    let ranklab = exported();
    let path = ranklab.path("adapter/adapter_config.json");
    let written: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let named = |name: &str| {
        let mut config = written.clone();
        config["base_model_name_or_path"] = name.into();
        fs::write(&path, config.to_string()).unwrap();
        ranklab.run(&["import", "adapter", "weights=random"])
    };
    for (name, network) in [("timm/vgg19.tv_in1k", "vgg19"), ("microsoft/resnet-50", "resnet")] {
        let line = failed(&named(name));
        assert!(
            line.contains(&format!(
                "base_model_name_or_path {name}, and an adapter of {network} does not fit"
            )),
            "{line}"
        );
    }
    for name in ["", "vgg16", "timm/vgg16.tv_in1k", "/models/resnet/base"] {
        succeeded(&named(name));
    }
}

#[cfg(unix)]
#[test]
fn an_import_on_a_full_disk_speaks_of_no_epochs_and_is_completed_later() {
    let ranklab = exported();
    let limited = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$0\" import adapter weights=random"])
        .arg(env!("CARGO_BIN_EXE_ranklab"))
        .current_dir(ranklab.folder.path())
        .output()
        .unwrap();
    let line = failed(&limited);
    assert!(line.contains("model.safetensors failed: "), "{line}");
    assert!(line.contains("then import the adapter again") && !line.contains("epoch"), "{line}");
    assert!(!Path::new(&ranklab.path("runs/000002/model.safetensors")).exists());
    assert!(ranklab.stdout(&["import", "adapter", "weights=random"]).contains("as run 2"));
    assert_eq!(calls(&predicted(&ranklab, "1")), calls(&predicted(&ranklab, "2")));
}

#[cfg(unix)]
#[test]
fn a_model_file_that_became_a_pipe_is_refused_and_not_waited_for() {
    let ranklab = exported();
    let model = ranklab.path("runs/000001/model.safetensors");
    fs::remove_file(&model).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&model).status().unwrap().success());
    let line = failed(&ranklab.run(&["predict", "1", "slides"]));
    assert!(line.contains("cannot be read (it is a pipe and no file)"), "{line}");
    for file in ["adapter_config.json", "adapter_model.safetensors", "ranklab.json"] {
        let path = ranklab.path("adapter").join(file);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let line = failed(&ranklab.run(&["import", "adapter", "weights=random"]));
        assert!(line.contains(&format!("{file} cannot be read (it is a pipe and no file)")), "{line}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}
