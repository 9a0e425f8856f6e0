//! Prints how often simulated studies make false claims and find true losses: `simulations corners --studies 500`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use ranklab_simulations::{
    Design, Figures, Power, Result, Sizes, Table, corners, grid, power, power_designs,
};

/// Simulated studies with a known truth: how often a report errs, and how often it finds a loss.
#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One cell of the grid: false claims and the power for a loss of 1.5 points.
    Cell {
        #[command(flatten)]
        cell: Cell,
        #[command(flatten)]
        studies: Studies,
    },
    /// False claims in about 40 telling cells.
    Corners(Studies),
    /// False claims in all cells; takes an hour on two cores.
    Grid(Studies),
    /// Power for a loss of 1.5 points: 200 patients, 8 configurations, 1, 3 and 5 seeds.
    Power(Studies),
}

#[derive(Args)]
struct Studies {
    /// Studies of each cell and truth.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    studies: u32,
    /// The same seed gives the same figures, whatever the number of threads.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct Cell {
    /// Number of patients, 26 cells each on average.
    #[arg(long, default_value_t = 200)]
    patients: usize,
    /// How unequal the patients are.
    #[arg(long, value_enum, default_value = "equal")]
    sizes: Sizes,
    /// Seeds of each configuration.
    #[arg(long, default_value_t = 3)]
    seeds: usize,
    /// Configurations; the first is the baseline.
    #[arg(long, default_value_t = 8)]
    configurations: usize,
    /// Five folds, with so many points of luck of a fold with a configuration.
    #[arg(long, value_name = "POINTS")]
    fold_luck: Option<f64>,
    /// Standard deviation of a network's accuracy in points.
    #[arg(long, value_name = "POINTS", default_value_t = 0.3)]
    luck: f64,
    /// Configurations lose one patient in a hundred altogether.
    #[arg(long)]
    disasters: bool,
}

fn main() -> ExitCode {
    match run(&Command::parse().what) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(what: &What) -> Result<()> {
    match what {
        What::Cell { cell, studies } => {
            let design = [cell.design()];
            print(&design, studies, Figures::new)?;
            println!();
            print(&design, studies, power)
        }
        What::Corners(studies) => print(&corners(), studies, Figures::new),
        What::Grid(studies) => print(&grid(), studies, Figures::new),
        What::Power(studies) => print::<Power>(&power_designs(), studies, power),
    }
}

/// A table with a row for each cell, printed as it ends.
fn print<Of: Table>(
    designs: &[Design],
    studies: &Studies,
    of: fn(Design, usize, u64) -> Result<Of>,
) -> Result<()> {
    println!("{}", Of::head());
    for design in designs {
        println!("{}", of(*design, studies.studies as usize, studies.seed)?.row());
        // A reader that went away ends the program at the next line.
        let _ = io::stdout().flush();
    }
    Ok(())
}

impl Cell {
    fn design(&self) -> Design {
        Design {
            patients: self.patients,
            sizes: self.sizes,
            seeds: self.seeds,
            configurations: self.configurations,
            folds: self.fold_luck.map(|luck| luck / 100.0),
            seed_luck: self.luck / 100.0,
            disasters: self.disasters,
        }
    }
}
