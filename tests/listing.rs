//! `data manifest` on images of one's own: what it warns of, and advice that can be pasted.

use std::{cell::RefCell, fs};

use serde_json::Value;

use crate::{
    command::{Ranklab, failed, succeeded},
    drawn_images::draw_images,
};

fn drawn() -> Ranklab {
    let ranklab = Ranklab::new();
    draw_images(|image| ranklab.path("slides").join(image.class).join(&image.name));
    ranklab
}

/// What a listing prints, and what it warns of.
fn listed(ranklab: &Ranklab, arguments: &[&str]) -> (String, String) {
    let output = ranklab.run(&[&["data", "manifest"], arguments].concat());
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    (succeeded(&output), warnings)
}

/// The settings within the first pair of backticks after `give `.
fn advised(line: &str) -> Vec<String> {
    let advice = line.split("give `").nth(1).and_then(|rest| rest.split('`').next());
    advice.unwrap_or_else(|| panic!("{line}")).split(' ').map(str::to_owned).collect()
}

#[test]
fn the_advice_on_classes_can_be_pasted_behind_the_same_command() {
    let ranklab = drawn();
    let line = failed(&ranklab.run(&["data", "manifest", "slides"]));
    assert!(!line.contains("arasitized") && !line.contains("ninfected"), "{line}");
    let advice = advised(&line);
    let pasted: Vec<&str> = ["slides"].into_iter().chain(advice.iter().map(String::as_str)).collect();
    let (said, _) = listed(&ranklab, &pasted);
    assert!(said.contains("60 (30 annulus, 30 blob)"), "{said}");
    // One name suffices, and the dataset may be given as a sweep takes it.
    let (said, _) = listed(&ranklab, &["dataset=slides", "positive=blob"]);
    assert!(said.contains("60 (30 blob, 30 annulus)"), "{said}");
    let line = failed(&ranklab.run(&["data", "manifest", "slides", "positive=Blob"]));
    assert!(!line.contains("ninfected"), "{line}");
    let line = failed(&ranklab.run(&["data", "manifest", "slides", "rank=4"]));
    assert!(
        line.contains("`rank` is no setting of a listing; give dataset=, positive=, negative=, group="),
        "{line}"
    );
    let line = failed(&ranklab.run(&["data", "manifest", "slides", "other"]));
    assert!(line.contains("slides and other are two datasets"), "{line}");
}

#[test]
fn a_rule_that_finds_no_group_or_not_all_is_warned_of() {
    let ranklab = drawn();
    let of = |group: &str| listed(&ranklab, &["slides", "positive=blob", group]);
    let (said, warned) = of("group=(slide_[0-9]+)");
    assert!(
        warned.starts_with("warning: group='(slide_[0-9]+)' matches none of 60 images, images/"),
        "{warned}"
    );
    assert!(said.contains("groups       0 (60 images have none)"), "{said}");
    let (said, warned) = of("group=(group_[1-3])_");
    assert!(warned.contains("finds no group in 30 of 60 images, images/"), "{warned}");
    assert!(said.contains("groups       3 (30 images have none)"), "{said}");
    assert_eq!(of("group=(group_[0-9]+)_").1, "");
    assert_eq!(of("group=none").1, "");
    // Without a rule, the malaria cells' says nothing of other images.
    let (_, warned) = listed(&ranklab, &["slides", "positive=blob"]);
    assert!(warned.contains("no groups are known of 60 images") && !warned.contains("C["), "{warned}");
    let json =
        ranklab.stdout(&["data", "manifest", "slides", "positive=blob", "group=(group_[1-3])_", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["images_without_group"], json["warnings"].as_array().unwrap().len()), (&30.into(), 1));
}

#[test]
fn words_of_a_table_that_name_no_part_are_warned_of() {
    let ranklab = Ranklab::new();
    let rows = RefCell::new("path,label,split\n".to_owned());
    draw_images(|image| {
        let path = ranklab.path("slides").join(image.class).join(&image.name);
        let part = if image.group == 1 { "trian" } else { "test" };
        *rows.borrow_mut() += &format!("{},{},{part}\n", path.display(), image.class);
        path
    });
    fs::write(ranklab.path("t.csv"), rows.into_inner()).unwrap();
    let (_, warned) = listed(&ranklab, &["t.csv", "positive=blob", "group=none"]);
    let expected = "10 of 60 cells of the column `split` name no part, `trian` in line 2 first";
    assert!(warned.contains(expected), "{warned}");
    let settings = ["dataset=t.csv", "positive=blob", "negative=annulus", "group=none", "split=given"];
    let output = ranklab.sweep(&settings);
    assert!(String::from_utf8_lossy(&output.stderr).contains(expected));
}

#[test]
fn a_dataset_that_is_not_there_is_said_with_what_to_give() {
    let ranklab = Ranklab::new();
    for command in [&["sweep", "dataset=nothere", "weights=random"][..], &["data", "manifest", "nothere"]] {
        let line = failed(&ranklab.run(command));
        assert!(
            line.contains("nothere: nothing is there; give the path of a folder, a zip or a table"),
            "{line}"
        );
        assert!(!line.contains("data fetch"), "{line}");
    }
    let line = failed(&ranklab.run(&["data", "manifest"]));
    assert!(
        line.contains("cell_images.zip: nothing is there; fetch the cell images with `ranklab data fetch`"),
        "{line}"
    );
}
