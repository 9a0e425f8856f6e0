//! The commands of the tool, one file each.

pub(crate) mod cancel;
pub(crate) mod check;
pub(crate) mod complete;
pub(crate) mod completions;
pub(crate) mod data;
pub(crate) mod database;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod power;
pub(crate) mod predict;
pub(crate) mod query;
pub(crate) mod quickstart;
mod register;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod sweep;
pub(crate) mod sweeps;
pub(crate) mod train;
pub(crate) mod verify;
pub(crate) mod weights;
pub(crate) mod work;

use clap::Subcommand;

/// A command with its arguments; each command's file holds its help text.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Quickstart(quickstart::QuickstartArgs),
    Sweep(sweep::SweepArgs),
    Train(train::TrainArgs),
    Work(work::WorkArgs),
    Sweeps(sweeps::SweepsArgs),
    Cancel(cancel::CancelArgs),
    Logs(logs::LogsArgs),
    Power(power::PowerArgs),
    Report(report::ReportArgs),
    Open(open::OpenArgs),
    Predict(predict::PredictArgs),
    Evaluate(evaluate::EvaluateArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Verify(verify::VerifyArgs),
    Check(check::CheckArgs),
    Query(query::QueryArgs),
    Runs(runs::RunsArgs),
    Database(database::DatabaseArgs),
    Data(data::DataArgs),
    Weights(weights::WeightsArgs),
    Completions(completions::CompletionsArgs),
    #[command(hide = true)]
    Complete(complete::CompleteArgs),
}
