//! Images of other classes than the malaria cells': folders of any names, and groups by a pattern.

use std::fs;

use serde_json::Value;

use crate::{
    command::{Ranklab, failed, succeeded},
    drawn_images::{GROUPS, draw_images},
    malaria_words,
};

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
    assert!(!refused.contains("arasitized") && !refused.contains("ninfected"), "{refused}");
    let expected = "slides holds images of the classes benign (30 images), malignant (30 images): give `positive=benign negative=malignant` or \
                    `positive=malignant negative=benign`";
    assert!(refused.contains(expected), "{refused}");
    for (setting, expected) in [
        ("positive=a/b", "positive: `a/b` is a path; give the name of a class"),
        ("negative=Parasitized", "positive and negative are both `Parasitized`"),
        ("group=C[0-9]+", "group: `C[0-9]+` has no bracket"),
        ("group=(C", "group: `(C` is no regular expression"),
    ] {
        let refused = failed(&ranklab.sweep(&["dataset=slides", setting]));
        assert!(refused.contains(expected), "{refused}");
    }
}

/// The report's page and files, which hold no word of the malaria cells.
fn report_without_malaria(ranklab: &Ranklab) -> String {
    succeeded(&ranklab.run(&["report"]));
    let read = |file: &str| fs::read_to_string(ranklab.path("reports/latest").join(file)).unwrap();
    let texts = ["report.md", "details.md", "index.html"].map(read);
    let page = texts.join("\n");
    assert!(page.contains("annulus") && page.contains("blob"), "{page}");
    for word in ["arasit", "ninfected", "alaria"] {
        assert!(!page.contains(word), "{word} in {page}");
    }
    let figures: Vec<String> = fs::read_dir(ranklab.path("reports/latest/figures"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "svg"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    assert!(!figures.is_empty());
    for text in texts.iter().chain(&figures) {
        without_malaria_words(&malaria_words::read(text));
    }
    page
}

/// Fails where a text calls groups patients or images cells.
fn without_malaria_words(text: &str) {
    assert_eq!(malaria_words::found_in(text), Vec::<String>::new());
}

#[test]
fn groups_and_images_are_called_by_their_own_words() {
    let ranklab = Ranklab::new();
    draw_images(|image| ranklab.path(&format!("shapes/{}/{}", image.class, image.name)));
    let refused = failed(&ranklab.sweep(&["dataset=shapes", "positive=annulus", "group_word=a,b"]));
    assert!(refused.contains("group_word: `a,b` is no word of 1 to 30 letters"), "{refused}");
    let settings =
        ["dataset=shapes", "positive=annulus", "split=patient", "folds=3", "model=model_4,model_5", "rank=1"];
    let rule = r"group=(?P<tissue_block>group_[0-9]+)_";
    let said = succeeded(&ranklab.sweep(&[&settings[..], &[rule, "image_word=scan"]].concat()));
    assert!(said.contains(": 2 trained, 0 finished before, 0 failed"), "{said}");
    without_malaria_words(&said);
    let page = report_without_malaria(&ranklab);
    for words in ["Errors by tissue block", "2 test tissue blocks", "tissue block split", "test scans"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let predicted = ranklab.stdout(&["predict", "1", "shapes"]);
    let evaluated = ranklab.stdout(&["evaluate", "1", "dataset=shapes"]);
    let shown = ranklab.stdout(&["runs", "show", "1"]);
    for (text, words) in [
        (&predicted, "tissue block"),
        (&evaluated, "60 images of 6 tissue blocks"),
        (&evaluated, "its own test scans"),
        (&shown, "tissue blocks"),
    ] {
        assert!(text.contains(words), "{words} in {text}");
        without_malaria_words(&text.replace("patient with seed", ""));
    }
    // Other words are no other work.
    let renamed = [&settings[..], &[rule, "group_word=mouse/mice"]].concat();
    let again = succeeded(&ranklab.sweep(&renamed));
    assert!(again.contains(": 0 trained, 2 finished before"), "{again}");
}

#[test]
fn images_of_several_formats_are_trained_on_from_the_positive_class_alone() {
    let ranklab = Ranklab::new();
    draw_images(|image| ranklab.path(&format!("shapes/{}/{}", image.class, image.name)));
    fs::write(ranklab.path("shapes/blob/cut.jpg"), b"\xff\xd8\xff\xe0\0\x04..").unwrap();
    fs::write(ranklab.path("shapes/notes.txt"), "no image").unwrap();
    fs::write(ranklab.path("shapes/annulus/Thumbs.db"), "no image").unwrap();
    let settings =
        ["dataset=shapes", "positive=annulus", "group=(group_[0-9]+)_", "split=patient", "folds=3", "rank=1"];
    let output = ranklab.sweep(&settings);
    let said = succeeded(&output);
    assert!(said.contains(": 1 trained, 0 finished before, 0 failed"), "{said}");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    for note in [
        "6 groups in 60 images, group_1 first",
        "passed over: 1 file is of another type (1 .txt), notes.txt first",
        "left out blob/cut.jpg: it is unreadable (the JPEG is cut short: its end is missing)",
    ] {
        assert!(notes.contains(note), "{note}: {notes}");
    }
    assert!(!notes.contains("Thumbs.db"), "{notes}");
    let columns =
        "select images, unreadable_images, train_patients + test_patients, shared_patients from runs";
    assert!(ranklab.stdout(&["query", columns, "--format", "csv"]).ends_with("\n60,1,6,0\n"));
    let config = ranklab.stdout(&["query", "select config from runs", "--format", "csv"]);
    assert!(
        config.contains(r#""negative"":""blob""#) && config.contains(r#""positive"":""annulus""#),
        "{config}"
    );
    // The same work with both names.
    let again = succeeded(&ranklab.sweep(&[&settings[..], &["negative=blob"]].concat()));
    assert!(again.contains(": 0 trained, 1 finished before"), "{again}");
    succeeded(&ranklab.run(&["verify", "-q", "1"]));
    report_without_malaria(&ranklab);
}

#[test]
fn the_second_class_is_not_guessed_where_there_are_more_or_fewer() {
    let ranklab = Ranklab::new();
    draw_images(|image| ranklab.path(&format!("shapes/{}/{}", image.class, image.name)));
    for (setting, expected) in [
        ("positive=square", "give `positive=annulus negative=blob` or `positive=blob negative=annulus`"),
        ("negative=blob", "give `positive=annulus`"),
    ] {
        let refused = failed(&ranklab.sweep(&["dataset=shapes", setting]));
        assert!(refused.contains(expected), "{refused}");
    }
    fs::create_dir(ranklab.path("shapes/square")).unwrap();
    fs::copy(ranklab.path("shapes/blob/group_1_0.png"), ranklab.path("shapes/square/a.png")).unwrap();
    let refused = failed(&ranklab.sweep(&["dataset=shapes", "positive=annulus"]));
    let expected = "holds the classes annulus (30 images), blob (30 images), square (1 image): only two classes are supported: \
                    name the negative one, as in `positive=annulus negative=blob`";
    assert!(refused.contains(expected), "{refused}");
    fs::remove_dir_all(ranklab.path("shapes/square")).unwrap();
    fs::remove_dir_all(ranklab.path("shapes/blob")).unwrap();
    let refused = failed(&ranklab.sweep(&["dataset=shapes", "positive=annulus"]));
    assert!(refused.contains("holds the classes annulus (30 images): "), "{refused}");
    assert!(refused.contains("add images of a second class"), "{refused}");
}

/// The part of a drawn image: the last two groups are tested.
fn part(group: usize) -> &'static str {
    if group > GROUPS - 2 { "test" } else { "train" }
}

#[test]
fn a_given_split_tests_the_images_of_the_test_folder() {
    let ranklab = Ranklab::new();
    draw_images(|image| {
        let part = part(image.group);
        ranklab.path(&format!("shapes/{part}/{}/{}", image.class, image.name))
    });
    let settings = ["dataset=shapes", "positive=annulus", "group=(group_[0-9]+)_", "split=given", "rank=1"];
    let said = succeeded(&ranklab.sweep(&settings));
    assert!(said.contains(": 1 trained, 0 finished before, 0 failed"), "{said}");
    // Validation is one of the four groups that are not tested.
    let counts =
        "select split, fold is null, train_images, validation_images, test_images, shared_patients from runs";
    let counts = ranklab.stdout(&["query", counts, "--format", "csv"]);
    assert!(counts.ends_with("\ngiven,1,30,10,20,0\n"), "{counts}");
    let tested = "select count(distinct patient), min(patient), max(patient) from predictions";
    let tested = ranklab.stdout(&["query", tested, "--format", "csv"]);
    assert!(tested.ends_with("\n2,group_5,group_6\n"), "{tested}");
    succeeded(&ranklab.run(&["verify", "-q", "1"]));
    // The test folder by itself, with the class names and the rule for groups of the run.
    let predicted = ranklab.stdout(&["predict", "1", "shapes/test", "--format", "json"]);
    let predicted: Value = serde_json::from_str(&predicted).unwrap();
    let predicted = predicted["predictions"].as_array().unwrap();
    assert_eq!(predicted.len(), 20);
    assert!(predicted.iter().all(|image| ["annulus", "blob"].contains(&image["class"].as_str().unwrap())));
    succeeded(&ranklab.run(&["evaluate", "1", "dataset=shapes/test"]));
    let same = "select count(*) from evaluations e join runs r on r.id = e.run_id where e.accuracy = r.test_accuracy
        and e.loss = r.test_loss and e.patients = r.test_patients and e.shared_images = 0 and e.shared_patients = 0
        and e.positive = 'annulus' and e.negative = 'blob'";
    assert!(ranklab.stdout(&["query", same, "--format", "csv"]).ends_with("\n1\n"));
    let page = report_without_malaria(&ranklab);
    assert!(page.contains("given split"), "{page}");
    // Without folders of parts, one line.
    draw_images(|image| ranklab.path(&format!("plain/{}/{}", image.class, image.name)));
    let output = ranklab.sweep(&["dataset=plain", "positive=annulus", "split=given"]);
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(refused.contains("split=given: the dataset gives none of its 60 images a part"), "{refused}");
}

#[test]
fn a_table_gives_paths_labels_groups_and_parts() {
    let ranklab = Ranklab::new();
    let drawn = draw_images(|image| {
        ranklab.path(&format!("pictures/{}/{}", image.group, image.class)).join(&image.name)
    });
    let row = |label: &str, image: &crate::drawn_images::Drawn| {
        let (group, part) = (image.group, part(image.group));
        format!("../pictures/{group}/{}/{},{label},person {group},{part}\n", image.class, image.name)
    };
    let rows: Vec<String> = drawn.iter().map(|image| row(image.class, image)).collect();
    let header = "path,label,group,split\n";
    fs::create_dir(ranklab.path("tables")).unwrap();
    let write = |name: &str, rows: &[String]| {
        fs::write(ranklab.path("tables").join(name), format!("{header}{}", rows.concat())).unwrap();
    };
    write("all.csv", &rows);
    let settings = ["dataset=tables/all.csv", "positive=annulus", "split=given,patient", "folds=3", "rank=1"];
    let output = ranklab.sweep(&settings);
    let said = succeeded(&output);
    assert!(said.contains(": 2 trained, 0 finished before, 0 failed"), "{said}");
    let notes = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(notes.contains("6 groups in 60 images, person 1 first"), "{notes}");
    let counts = "select split, test_images, test_patients, shared_patients from runs order by split";
    let counts = ranklab.stdout(&["query", counts, "--format", "csv"]);
    assert!(counts.ends_with("\ngiven,20,2,0\npatient,20,2,0\n"), "{counts}");
    report_without_malaria(&ranklab);
    // A split that was edited since is told by `verify` and by the audit of `evaluate`.
    let swapped =
        |row: &String| row.replace(",train", ",?").replace(",test", ",train").replace(",?", ",test");
    write("all.csv", &rows.iter().map(swapped).collect::<Vec<_>>());
    let given = "select id from runs where split = 'given'";
    let given = ranklab.stdout(&["query", given, "--format", "csv"]);
    let given = given.lines().last().unwrap();
    assert!(failed(&ranklab.run(&["verify", "-q", given])).contains("the split of run"));
    let output = ranklab.run(&["evaluate", given, "dataset=tables/all.csv"]);
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    succeeded(&output);
    assert!(warned.contains("the run's own parts of the split at "), "{warned}");
    write("all.csv", &rows);
    // Other groups for the same images are other work under the same settings.
    let one = rows.iter().map(|row| row.replace("person 6", "person 5")).collect::<Vec<_>>();
    write("all.csv", &one);
    let again = succeeded(&ranklab.sweep(&[&settings[..2], &["split=given", "rank=1"]].concat()));
    assert!(again.contains(": 1 trained, 0 finished before"), "{again}");
    let listed = ranklab.stdout(&["data", "manifest", "tables/all.csv", "--positive", "annulus"]);
    assert!(listed.contains("60 (30 annulus, 30 blob)") && listed.contains("groups       5"), "{listed}");
    assert!(listed.contains("given split  40 train, 0 validation, 20 test\n"), "{listed}");
    // Wrong tables, a line each.
    write("label.csv", &[&rows[..], &[row("square", &drawn[0])]].concat());
    write("file.csv", &[&rows[..], &["../absent.png,annulus,,\n".to_owned()]].concat());
    write("twice.csv", &[&rows[..], &[row("annulus", &drawn[0])]].concat());
    fs::write(ranklab.path("tables/column.csv"), "path,diagnosis\na.png,annulus\n").unwrap();
    for (table, more, expected) in [
        ("label.csv", &["negative=blob"][..], "the label `square` in line 62 is neither annulus nor blob"),
        ("label.csv", &[], "holds the classes annulus (30 images), blob (30 images), square (1 image)"),
        ("file.csv", &[], "there is no file ../absent.png (line 62)"),
        ("twice.csv", &[], "line 2 and line 62 contradict each other"),
        ("column.csv", &[], "it has no column `label` (or `class`); its columns are `path`, `diagnosis`"),
        ("none.csv", &[], "no images at"),
    ] {
        let dataset = format!("dataset=tables/{table}");
        let refused = failed(&ranklab.sweep(&[&[dataset.as_str(), "positive=annulus"], more].concat()));
        assert!(refused.contains(expected), "{refused}");
    }
}
