//! The `ranklab` binary: arguments, device choice, progress and exit codes.
// Those panic when nobody reads any more; `output.rs` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod allocator;
mod answer;
mod check;
mod code;
mod convergence;
mod data;
mod database;
mod device;
mod gallery;
mod gc;
mod output;
mod panics;
mod printable;
mod profile;
mod progress;
mod query;
mod quickstart;
mod report;
mod runs;
mod signals;
mod sweep;
mod table;
mod verify;
mod weights;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use ranklab_runs::DATABASE;

/// How much a low-rank adapter is worth against classical fine-tuning, at which rank, in which layers.
#[derive(Parser, Debug)]
#[command(name = "ranklab", version = env!("RANKLAB_VERSION"), max_term_width = 110)]
#[command(after_help = "Examples:
  ranklab quickstart                     a SYNTHETIC sweep and its report, in minutes
  ranklab weights fetch                  VGG16's ImageNet weights
  ranklab data fetch                     the malaria cell images
  ranklab sweep rank=1,5,16              train three ranks
  ranklab report                         what came out
  ranklab query \"select * from leaderboard\"")]
struct Arguments {
    #[command(flatten)]
    folders: Folders,
    #[command(subcommand)]
    command: Command,
}

/// Where things are kept.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Folders {
    /// Database, feature caches and a folder per run.
    #[arg(
        id = "runs_folder",
        long = "runs-folder",
        env = "RANKLAB_RUNS",
        default_value = "runs",
        global = true,
        value_name = "FOLDER"
    )]
    pub(crate) runs: PathBuf,
    /// Reports.
    #[arg(
        id = "reports_folder",
        long = "reports-folder",
        env = "RANKLAB_REPORTS",
        default_value = "reports",
        global = true,
        value_name = "FOLDER"
    )]
    pub(crate) reports: PathBuf,
    /// Images and weights.
    #[arg(
        id = "data_folder",
        long = "data-folder",
        env = "RANKLAB_DATA",
        default_value = "data",
        global = true,
        value_name = "FOLDER"
    )]
    pub(crate) data: PathBuf,
}

impl Folders {
    /// The fetched images.
    pub(crate) fn images(&self) -> PathBuf {
        self.data.join("cell_images.zip")
    }

    /// The fetched trunk weights.
    pub(crate) fn weights(&self) -> PathBuf {
        self.data.join("vgg16_imagenet.safetensors")
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    Quickstart(quickstart::QuickstartArgs),
    Sweep(sweep::SweepArgs),
    Train(sweep::TrainArgs),
    Report(report::ReportArgs),
    Verify(verify::VerifyArgs),
    Check(check::CheckArgs),
    Query(query::QueryArgs),
    Runs(runs::RunsArgs),
    Data(data::DataArgs),
    Weights(weights::WeightsArgs),
    /// Print shell completions, for example: ranklab completions bash > ranklab.bash
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

fn main() -> ExitCode {
    panics::report_in_one_line();
    signals::survive_file_size_limit();
    allocator::keep_freed_memory();
    ranklab_store::on_waiting(|waiting| output::tell(format_args!("note: {waiting}")));
    let arguments = Arguments::try_parse().unwrap_or_else(|problem| refuse(&problem));
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            if let Some(interrupted) = problem.downcast_ref::<signals::Interrupted>() {
                output::tell(interrupted);
                return ExitCode::from(interrupted.exit_code());
            }
            for line in lines(&problem) {
                output::tell(format_args!("error: {line}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// A line for each problem where there are several at once, one otherwise.
fn lines(problem: &anyhow::Error) -> Vec<String> {
    let problems = problem.downcast_ref::<Problems>().map(|problems| problems.0.clone());
    let settings = problem.downcast_ref().or_else(|| match problem.downcast_ref() {
        Some(ranklab_sweep::Error::Settings(settings)) => Some(settings),
        _ => None,
    });
    match (problems, settings) {
        (Some(problems), _) => problems.iter().map(|line| printable::printable(line)).collect(),
        (_, Some(several @ ranklab_settings::Error::Several(_))) => {
            several.to_string().lines().map(printable::printable).collect()
        }
        _ => vec![one_line(problem)],
    }
}

/// Problems that are said at once, each in its line.
#[derive(Debug)]
pub(crate) struct Problems(pub(crate) Vec<String>);

impl std::fmt::Display for Problems {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Problems {}

/// Shows help, the version or what is wrong with the arguments, and ends the process.
fn refuse(problem: &clap::Error) -> ! {
    // clap repeats arguments as they are, and colours its words with the same escapes that could stand in one.
    let hostile = |argument: &std::ffi::OsString| {
        let argument = argument.to_string_lossy();
        printable::printable(&argument) != argument
    };
    if problem.use_stderr() && std::env::args_os().any(|argument| hostile(&argument)) {
        output::tell(problem.to_string().trim_end());
        std::process::exit(problem.exit_code());
    }
    problem.exit()
}

/// The problem and its causes, each told once, in one line whatever a library wrote.
fn one_line(problem: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in problem.chain() {
        let text = cause.to_string();
        // A library's line breaks go; blanks within a line may be a name's.
        let words = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        if !line.contains(&words) {
            line += if line.is_empty() { "" } else { ": " };
            line += &words;
        }
    }
    printable::printable(&line)
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folders = &arguments.folders;
    let database = folders.runs.join(DATABASE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments.command {
        // Sweeps have a runtime of their own.
        Command::Sweep(arguments) => sweep::sweep(folders, arguments),
        Command::Train(arguments) => sweep::train(folders, arguments),
        Command::Verify(arguments) => {
            // One of an earlier schema is brought up to date.
            runtime.block_on(async {
                database::open(&database).await?.close().await;
                anyhow::Ok(())
            })?;
            verify::verify(folders, arguments)
        }
        Command::Check(arguments) => check::check(folders, arguments),
        Command::Quickstart(arguments) => {
            let report = quickstart::quickstart(folders, arguments)?;
            runtime.block_on(report::report(folders, &report))
        }
        Command::Report(arguments) => runtime.block_on(report::report(folders, arguments)),
        Command::Query(arguments) => {
            runtime.block_on(query::query(&database, &arguments.sql, arguments.chosen_format()))
        }
        Command::Runs(arguments) => runtime.block_on(runs::runs(&database, &folders.data, arguments)),
        Command::Data(arguments) => data::data(folders, arguments),
        Command::Weights(arguments) => weights::weights(folders, arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "ranklab", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}
