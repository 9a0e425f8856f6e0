//! Images of other classes than the malaria cells': folders of any names, and groups by a pattern.

use std::fs;

use crate::command::{Ranklab, failed, succeeded};

/// Generated cells in folders of other names: `LEFT/group_3/cell_7.png`.
fn with_own_images() -> Ranklab {
    let ranklab = Ranklab::new();
    succeeded(&ranklab.run(&["data", "synthetic", "--images", "60", "--patients", "6"]));
    let zip = fs::read_dir(ranklab.path("data")).unwrap().next().unwrap().unwrap().path();
    let mut archive = zip::ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let class = match () {
            () if name.contains("/Parasitized/") => "malignant",
            () if name.contains("/Uninfected/") => "benign",
            () => continue,
        };
        let patient = name.rsplit('/').next().unwrap()[1..].split('P').next().unwrap().to_owned();
        let folder = ranklab.path(&format!("slides/{class}/group_{patient}"));
        fs::create_dir_all(&folder).unwrap();
        let mut file = fs::File::create(folder.join(format!("cell_{index}.png"))).unwrap();
        std::io::copy(&mut entry, &mut file).unwrap();
    }
    ranklab
}

const OWN: [&str; 4] = ["dataset=slides", "positive=malignant", "negative=benign", r"group=(group_[0-9]+)/"];

#[test]
fn folders_of_any_names_are_trained_on_split_by_their_groups_and_reported_by_their_names() {
    let ranklab = with_own_images();
    let settings = [&OWN[..], &["split=patient", "folds=3", "rank=1"]].concat();
    let output = ranklab.sweep(&settings);
    let said = succeeded(&output);
    assert!(said.contains(": 1 trained, 0 finished before, 0 failed"), "{said}");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.contains("6 groups in 60 images, group_1 first"), "{notes}");
    let audit = "select images, train_patients + test_patients, shared_patients from runs";
    assert!(ranklab.stdout(&["query", audit, "--format", "csv"]).ends_with("\n60,6,0\n"));
    let again = succeeded(&ranklab.sweep(&settings));
    assert!(again.contains(": 0 trained, 1 finished before"), "{again}");
    succeeded(&ranklab.run(&["verify", "-q", "1"]));
    succeeded(&ranklab.run(&["report"]));
    let read = |file: &str| fs::read_to_string(ranklab.path("reports/latest").join(file)).unwrap();
    let page = ["report.md", "details.md", "index.html"].map(read).join("\n");
    assert!(page.contains("malignant"), "{page}");
    for word in ["arasitized", "ninfected", "malaria", "Malaria", "parasite"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
}

#[test]
fn a_listing_counts_the_classes_by_their_names() {
    let ranklab = with_own_images();
    let listed = ranklab.stdout(&[
        "data",
        "manifest",
        "slides",
        "--positive",
        "malignant",
        "--negative",
        "benign",
        "--group",
        r"(group_[0-9]+)/",
    ]);
    assert!(listed.contains("60 (30 malignant, 30 benign)"), "{listed}");
    assert!(listed.contains("groups       6"), "{listed}");
}

#[test]
fn folders_whose_names_are_not_given_are_refused_with_the_settings_to_give() {
    let ranklab = with_own_images();
    let refused = failed(&ranklab.sweep(&["dataset=slides"]));
    assert!(refused.contains("0 images of class Parasitized"), "{refused}");
    assert!(refused.contains("`positive=` and `negative=`"), "{refused}");
    for (setting, expected) in [
        ("positive=a/b", "positive: `a/b` is a path; give the name of a folder"),
        ("negative=Parasitized", "positive and negative are both `Parasitized`"),
        ("group=C[0-9]+", "group: `C[0-9]+` has no bracket"),
        ("group=(C", "group: `(C` is no regular expression"),
    ] {
        let refused = failed(&ranklab.sweep(&["dataset=slides", setting]));
        assert!(refused.contains(expected), "{refused}");
    }
}
