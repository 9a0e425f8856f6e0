//! Drawings of an analysis: across configurations and of single runs.

mod accuracy;
mod axis;
mod bands;
mod canvas;
mod chart;
mod curves;
mod decision_curve;
mod draft;
mod drawing;
mod figure;
mod forest;
mod heatmap;
mod markers;
mod overview;
pub(crate) mod palette;
mod parallel;
mod pareto;
mod patients;
mod precision_recall;
mod reliability;
mod roc;
mod scope;
mod shortened;

pub(crate) use curves::learning_curves;
pub(crate) use decision_curve::decision_curves;
pub(crate) use figure::Figure;
pub(crate) use overview::overview;
