//! `ranklab export`: hands trained networks and records to other programs.

mod datasette;
mod mlflow;
mod model;
mod parquet;
mod target;

use std::{ffi::OsString, path::Path};

use anyhow::bail;
use clap::Args;

use crate::folders::Folders;

/// Export a trained network for PEFT, PyTorch or ONNX; or runs for pandas, DuckDB, MLflow or Datasette.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Kinds of a run:
  peft DIR             its adapter with classifier, base weights and a card, for PEFT
  safetensors FILE     its whole network, adapters merged, for PyTorch
  onnx FILE            its whole network with preprocessing, for ONNX Runtime

Kinds of the database:
  parquet DIR          each table and view as a Parquet file, for pandas, polars and DuckDB
  mlflow URI           runs with their metrics and models, to an MLflow server
  datasette FILE       descriptions, queries, labels and facets for Datasette, as YAML

Examples:
  ranklab export best --to peft adapter
  ranklab export 7 --to onnx network.onnx
  ranklab export --to parquet tables
  ranklab export --to mlflow http://localhost:5000

A repeated export replaces its files, and adds no run to MLflow twice. MLFLOW_TRACKING_USERNAME and \
MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, are shown to the MLflow server. \
docs/model-files.md says what the files of a network hold, docs/exports.md how other programs read the records.")]
pub(crate) struct ExportArgs {
    /// Number or name of a run, `best` (highest validation accuracy of the latest sweep that has a finished run) or `latest`.
    run: Option<String>,
    /// Kind of export, and the folder, file or address that it goes to.
    #[arg(long, required = true, num_args = 2, value_names = ["KIND", "TARGET"])]
    to: Vec<OsString>,
    /// Hide notes.
    #[arg(short, long)]
    quiet: bool,
}

/// What an export makes.
#[derive(Clone, Copy, Debug, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
enum Kind {
    /// A PEFT adapter.
    Peft,
    /// A merged network for PyTorch.
    Safetensors,
    /// A merged network for ONNX Runtime.
    Onnx,
    /// Tables and views as Parquet files.
    Parquet,
    /// Runs on an MLflow server.
    Mlflow,
    /// A description for Datasette.
    Datasette,
}

/// Exports what is asked for.
///
/// # Errors
/// When the run or the database cannot be used, or the target cannot be written.
pub(crate) fn export(folders: &Folders, arguments: &ExportArgs) -> anyhow::Result<()> {
    let [kind, target] = arguments.to.as_slice() else { bail!("--to takes a kind and a target") };
    let kind = kind_of(&kind.to_string_lossy())?;
    let (path, run) = (Path::new(target), arguments.run.as_deref());
    let form = match (kind, run) {
        (Kind::Peft, _) => model::Form::Peft,
        (Kind::Safetensors, _) => model::Form::Safetensors,
        (Kind::Onnx, _) => model::Form::Onnx,
        (Kind::Mlflow, run) => return mlflow::export(folders, run, &target.to_string_lossy()),
        (Kind::Parquet | Kind::Datasette, Some(run)) => {
            bail!("an export to {kind} holds all runs; leave `{run}` out")
        }
        (Kind::Parquet, None) => return parquet::export(folders, path),
        (Kind::Datasette, None) => return datasette::export(folders, path),
    };
    let Some(run) = run else {
        bail!("an export to {kind} takes a run: give its number, its name, `best` or `latest`");
    };
    model::export(folders, run, form, path, arguments.quiet)
}

/// The kind of this name.
fn kind_of(name: &str) -> anyhow::Result<Kind> {
    let known = <Kind as strum::VariantNames>::VARIANTS.join(", ");
    name.parse().map_err(|_| anyhow::anyhow!("there is no export to `{name}`; give one of {known}"))
}
