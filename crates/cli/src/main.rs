//! The `ranklab` binary: parses the arguments, runs the command and sets the exit code.
// They panic when standard output or standard error is closed; `ui/output.rs` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod allocator;
mod build_info;
mod commands;
mod context;
mod database;
mod defaults;
mod device;
mod execution;
mod folders;
mod named_run;
mod named_sweep;
mod opener;
mod outcome;
mod runtime;
mod signals;
mod slurm;
mod time_over;
mod ui;
mod worker_log;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::{
    commands::Command,
    folders::FolderArgs,
    signals::Interrupted,
    time_over::{TIME_OVER, TimeOver},
    ui::{
        errors::{error_lines, exit_with_usage},
        output::log,
    },
};

/// Compare low-rank adapters (LoRA) with classical fine-tuning: at which rank, in which layers.
#[derive(Parser, Debug)]
#[command(name = "ranklab", version = env!("RANKLAB_VERSION"), max_term_width = 110)]
#[command(after_help = "Examples:
  ranklab quickstart            run a SYNTHETIC sweep and report it, in minutes
  ranklab weights fetch         fetch the ImageNet weights of VGG16
  ranklab data fetch            fetch the cell images
  ranklab sweep rank=1,5,16     train three ranks
  ranklab report --open         compare the trained models, in a browser
  ranklab predict best FOLDER   classify images with the best run
  ranklab query \"select * from leaderboard\"")]
struct Arguments {
    #[command(flatten)]
    folders: FolderArgs,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    ui::panics::report_in_one_line();
    signals::survive_file_size_limit();
    allocator::keep_freed_memory();
    ranklab_store::on_waiting(|waiting| log(format_args!("note: {waiting}")));
    let arguments = Arguments::try_parse().unwrap_or_else(|problem| exit_with_usage(&problem));
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => report(&problem),
    }
}

fn run(Arguments { folders, command }: &Arguments) -> anyhow::Result<()> {
    // A faulty defaults file is no reason not to complete a command line.
    match command {
        Command::Completions(arguments) => {
            return commands::completions::completions(arguments, &mut Arguments::command());
        }
        Command::Complete(arguments) => {
            return commands::complete::complete(arguments, &mut Arguments::command());
        }
        _ => {}
    }
    let folders = &folders.resolve()?;
    match command {
        Command::Quickstart(arguments) => commands::quickstart::quickstart(folders, arguments),
        Command::Sweep(arguments) => commands::sweep::sweep(folders, arguments),
        Command::Work(arguments) => commands::work::work(folders, arguments),
        Command::Sweeps(arguments) => commands::sweeps::sweeps(folders, arguments),
        Command::Cancel(arguments) => commands::cancel::cancel(folders, arguments),
        Command::Logs(arguments) => commands::logs::logs(folders, arguments),
        Command::Train(arguments) => commands::train::train(folders, arguments),
        Command::Report(arguments) => commands::report::report(folders, arguments),
        Command::Open(arguments) => commands::open::open(folders, arguments),
        Command::Predict(arguments) => commands::predict::predict(folders, arguments),
        Command::Evaluate(arguments) => commands::evaluate::evaluate(folders, arguments),
        Command::Export(arguments) => commands::export::export(folders, arguments),
        Command::Import(arguments) => commands::import::import(folders, arguments),
        Command::Verify(arguments) => commands::verify::verify(folders, arguments),
        Command::Power(arguments) => commands::power::power(folders, arguments),
        Command::Check(arguments) => commands::check::check(folders, arguments),
        Command::Query(arguments) => commands::query::query(folders, arguments),
        Command::Runs(arguments) => commands::runs::runs(folders, arguments),
        Command::Database(arguments) => commands::database::database(folders, arguments),
        Command::Data(arguments) => commands::data::data(folders, arguments),
        Command::Weights(arguments) => commands::weights::weights(folders, arguments),
        Command::Completions(_) | Command::Complete(_) => Ok(()),
    }
}

/// Reports an error on standard error and returns its exit code.
fn report(problem: &anyhow::Error) -> ExitCode {
    if let Some(interrupted) = problem.downcast_ref::<Interrupted>() {
        log(interrupted);
        return ExitCode::from(interrupted.exit_code());
    }
    if let Some(time_over) = problem.downcast_ref::<TimeOver>() {
        log(time_over);
        return ExitCode::from(TIME_OVER);
    }
    for line in error_lines(problem) {
        log(format_args!("error: {line}"));
    }
    ExitCode::FAILURE
}
