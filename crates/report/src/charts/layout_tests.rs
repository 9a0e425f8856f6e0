//! What holds for every chart of a report: texts apart and inside the drawing, values where there is something to see.

use crate::analysis::analyse;
use crate::data::ReportData;
use crate::fixture;

use super::canvas::WIDTH;
use super::figure::Figure;
use super::text::width;
use super::{SetFigures, decision_curves, learning_curves, overview};

/// Pixels of a line of text that letters cover at least.
const LETTERS: f64 = 11.0;

fn figures(data: &ReportData) -> Vec<Figure> {
    let analysis = analyse(data).unwrap();
    let mut figures: Vec<Figure> =
        overview(&analysis).unwrap().sets.iter().flat_map(SetFigures::all).cloned().collect();
    figures.extend(decision_curves(&analysis).unwrap());
    figures.extend(analysis.runs.iter().take(2).flat_map(|run| learning_curves(run).unwrap()));
    figures
}

fn figure(data: &ReportData, name: &str) -> Figure {
    figures(data).into_iter().find(|figure| figure.file_name == name).unwrap()
}

/// Three ranks of each of these choices of layers in two seeds, and model_4.
fn layered(layers: &[&str]) -> ReportData {
    let mut data = fixture::ranks();
    data.runs.clear();
    for (place, layers) in layers.iter().enumerate() {
        for (order, rank) in [1, 4, 16].into_iter().enumerate() {
            for seed in 0..2 {
                let id = data.runs.len() as i64 + 1;
                let errors = 3 + (place * 5 + order * 3) as i64 % 11 + seed;
                let mut run = fixture::run(id, Some(rank), seed, errors);
                run.row.start.layers = Some((*layers).into());
                run.row.start.trainable_parameters += 40_000 * place as i64;
                run.row.result.as_mut().unwrap().train_seconds = 60.0 + (id * 37 % 91) as f64;
                let with_layers = format!("{{\"layers\":\"{layers}\",");
                run.row.start.config = run.row.start.config.replacen('{', &with_layers, 1);
                data.runs.push(run);
            }
        }
    }
    let id = data.runs.len() as i64 + 1;
    data.runs.push(fixture::run(id, None, 0, 6));
    data
}

fn eight_layers() -> ReportData {
    layered(&[
        "block5_conv1",
        "block5_conv2",
        "block5_conv3",
        "block5",
        "block4+block5",
        "block3+block4+block5",
        "block5_conv1+block5_conv2",
        "block5_conv1+block5_conv3",
    ])
}

/// Eight choices of layers whose parameters have ticks at both ends of the axis.
fn ticks_at_ends() -> ReportData {
    let mut data = eight_layers();
    for run in data.runs.iter_mut().filter(|run| run.row.start.rank.is_some()) {
        let choice = (run.row.id - 1) / 6;
        run.row.start.trainable_parameters = (101_000.0 * 6.65f64.powi(choice as i32)) as i64;
    }
    data
}

/// One run, all cells right.
fn perfect() -> ReportData {
    let mut data = fixture::ranks();
    data.runs = vec![fixture::run(1, Some(5), 0, 0)];
    data
}

fn all() -> Vec<(&'static str, ReportData)> {
    let mut one = fixture::ranks();
    one.runs.truncate(1);
    vec![
        ("ranks", fixture::ranks()),
        ("one", one),
        ("perfect", perfect()),
        ("seeds", fixture::seeds()),
        ("folds", fixture::folds()),
        ("many", fixture::many(40)),
        ("series", fixture::series(&[(1, 300), (5, 42), (16, 40), (64, 41)])),
        ("hostile", fixture::hostile()),
        ("both splits", fixture::both_splits(40, 400)),
        ("three layers", layered(&["block5_conv1", "block5", "block4+block5"])),
        ("eight layers", eight_layers()),
        ("ticks at ends", ticks_at_ends()),
    ]
}

/// Left, right, middle and words of the texts of a drawing.
fn texts(drawing: &str) -> Vec<(f64, f64, f64, String)> {
    let text = |element: &str| {
        let (attributes, rest) = element.split_once('>').unwrap();
        let attribute = |name: &str| {
            let (_, rest) = attributes.split_once(&format!(" {name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let words = rest.split("</text>").next().unwrap().trim();
        let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        let words = words.replace("&apos;", "'").replace("&#39;", "'").replace("&amp;", "&");
        let (x, room) = (attribute("x").parse::<f64>().unwrap(), f64::from(width(&words)));
        let left = match attribute("text-anchor").as_str() {
            "start" => x,
            "middle" => x - room / 2.0,
            _ => x - room,
        };
        (left, left + room, attribute("y").parse::<f64>().unwrap(), words)
    };
    drawing.split("<text").skip(1).map(text).collect()
}

#[test]
fn no_text_of_any_chart_lies_over_another_or_leaves_the_drawing() {
    for (name, data) in all() {
        for figure in figures(&data) {
            let texts = texts(&figure.drawing);
            for (place, one) in texts.iter().enumerate() {
                let chart = &figure.file_name;
                assert!(one.0 >= -1.0 && one.1 <= f64::from(WIDTH) + 1.0, "{name} {chart} {one:?}");
                for other in &texts[..place] {
                    let apart = one.1 <= other.0 || other.1 <= one.0 || (one.2 - other.2).abs() >= LETTERS;
                    assert!(apart, "{name} {chart} {one:?} {other:?}");
                }
            }
        }
    }
}

#[test]
fn every_chart_has_values_inside_its_drawing_and_not_too_many() {
    for (name, data) in all() {
        for figure in figures(&data) {
            let count = figure.values.len();
            assert!((1..=300).contains(&count), "{name} {} {count}", figure.file_name);
            let (_, height) = figure.drawing.split_once("height=\"").unwrap();
            let height: i32 = height.split('"').next().unwrap().parse().unwrap();
            for value in &figure.values {
                assert!(
                    (0..=WIDTH).contains(&value.x) && (0..=height).contains(&value.y),
                    "{name} {value:?}"
                );
                assert!(!value.text.is_empty() && !value.text.contains("NaN"), "{name} {value:?}");
            }
        }
    }
}

#[test]
fn values_are_said_in_plain_words() {
    let of = |data: &ReportData, name: &str, place: usize| figure(data, name).values[place].text.clone();
    let ranks = fixture::ranks();
    assert_eq!(
        of(&ranks, "accuracy-by-parameters.svg", 0),
        "model_4: 97.00 %, 95 % interval 92.19 to 98.88 %; 2,757,378 trainable parameters"
    );
    assert!(of(&ranks, "accuracy-by-rank.svg", 3).starts_with("model_4: 97.00 %"), "the line across");
    assert_eq!(of(&ranks, "roc.svg", 0), "model_4, at false-positive rate 0.000: sensitivity 0.000");
    assert_eq!(of(&ranks, "precision-recall.svg", 0), "model_4, at sensitivity 0.750: precision 1.000");
    assert_eq!(
        of(&ranks, "reliability.svg", 0),
        "model_4, predicted 0 to 10 %: 9.52 % observed of 21 predictions"
    );
    assert_eq!(of(&ranks, "run-1-accuracy.svg", 0), "training, epoch 1: 86.20 %");
    assert_eq!(of(&ranks, "run-1-loss.svg", 0), "training, epoch 1: 0.6200");
    assert!(
        of(&ranks, "decision-curve.svg", 0).contains(", at threshold probability 0.010: net benefit "),
        "{}",
        of(&ranks, "decision-curve.svg", 0)
    );
    assert_eq!(of(&fixture::seeds(), "accuracy-by-rank.svg", 2), "run 5 (seed 1): 97.00 %");
    assert!(of(&eight_layers(), "layers-by-rank.svg", 0).ends_with(" %"));
}

#[test]
fn more_than_four_series_stand_in_panels_and_up_to_four_together() {
    let panels = |data: &ReportData, name: &str| {
        let figure = figure(data, name);
        let said = figure.caption.ends_with("Each panel shows one entry, the others in grey.");
        assert_eq!(said, figure.drawing.contains("opacity=\"0.3\""), "{name}");
        said
    };
    let (four, eight) = (fixture::ranks(), eight_layers());
    for name in [
        "accuracy-by-rank.svg",
        "accuracy-by-parameters.svg",
        "roc.svg",
        "precision-recall.svg",
        "reliability.svg",
        "validation-accuracy.svg",
    ] {
        assert!(panels(&eight, name) && !panels(&four, name), "{name}");
    }
}
