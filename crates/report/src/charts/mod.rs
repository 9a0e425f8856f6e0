//! Drawings of an analysis: across configurations and of single runs.

mod accuracy;
mod along;
mod axes;
mod axis;
mod bands;
mod canvas;
mod chart;
mod curves;
mod decision_curve;
mod difference_rows;
mod differences;
mod draft;
mod drawing;
mod ends;
mod figure;
mod forest;
mod heatmap;
mod labels;
#[cfg(test)]
mod layout_tests;
mod legend;
mod markers;
mod notes;
mod overview;
pub(crate) mod palette;
mod panels;
mod parallel;
mod pareto;
mod patients;
mod plot;
mod precision_recall;
mod reliability;
mod roc;
mod scope;
mod short_number;
mod shortened;
mod shown;
mod strokes;
mod text;
mod ticks;

pub(crate) use curves::learning_curves;
pub(crate) use decision_curve::decision_curves;
pub(crate) use differences::{AnswerChart, answer_chart};
pub(crate) use figure::{Figure, ShownValue};
pub(crate) use overview::{SetFigures, overview};
