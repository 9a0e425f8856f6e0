//! `ranklab power`: what a sweep could show, and how many seeds would be enough, before it is run.

use anyhow::{Context as _, bail};
use clap::Args;
use ranklab_report::{Analysis, Options, Selection, analyse, load};
use ranklab_settings::{AnalysisPlan, Nouns, Words};
use ranklab_stats::{Assumptions, POWER, Sensitivity, Source, patients_for_margin};
use serde_json::json;

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::{
        output::{print, print_fitted},
        printable::printable_json,
    },
};

/// Seeds that the table has rows for.
const SEEDS: [usize; 7] = [2, 3, 4, 5, 8, 12, 20];

/// Print what a sweep could show: the smallest loss and margin by number of seeds.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab power                  200 patients, 8 configurations, assumed spreads
  ranklab power --patients 100 --configurations 4
  ranklab power --sweep 3        with the spreads that sweep 3 shows
  ranklab power --margin 0.5     seeds that find a loss of half a point

An effect counts as shown where 80 % of studies would show it. Claims are corrected for the comparisons with \
the baseline, one fewer than configurations.")]
pub(crate) struct PowerArgs {
    /// Sweep whose finished runs give the spreads, with several seeds each.
    #[arg(long)]
    pub(crate) sweep: Option<i64>,
    /// Test patients, over all folds [default: those of the sweep, 200 without one].
    #[arg(long)]
    pub(crate) patients: Option<usize>,
    /// Configurations, the baseline included [default: those of the sweep, 8 without one].
    #[arg(long)]
    pub(crate) configurations: Option<usize>,
    /// Points of accuracy that a loss must not reach [default: those of the sweep's plan, 1 without one].
    #[arg(long, value_name = "POINTS")]
    pub(crate) margin: Option<f64>,
    /// Chance of a false claim among all comparisons [default: that of the sweep's plan, 0.05 without one].
    #[arg(long)]
    pub(crate) significance: Option<f64>,
    /// Points by which patients differ in the difference of two configurations [default: 2].
    #[arg(long, value_name = "POINTS", conflicts_with = "sweep")]
    pub(crate) patient_spread: Option<f64>,
    /// Points that the chance of single networks adds to that [default: 4].
    #[arg(long, value_name = "POINTS", conflicts_with = "sweep")]
    pub(crate) network_spread: Option<f64>,
    /// Points by which networks of different seeds differ in accuracy [default: 0.4].
    #[arg(long, value_name = "POINTS", conflicts_with = "sweep")]
    pub(crate) seed_luck: Option<f64>,
    /// Print the table as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is assumed where nothing else is known. The numbers are round assumptions and no measurement: `--sweep` takes what
/// a sweep shows.
const PATIENTS: usize = 200;
const CONFIGURATIONS: usize = 8;
const PATIENT_SPREAD: f64 = 2.0;
const NETWORK_SPREAD: f64 = 4.0;
const SEED_LUCK: f64 = 0.4;
/// Cells of a patient.
const CELLS: f64 = 26.0;
/// Degrees of freedom that a seed of each side adds: those of a pair, since the pair counts where it has more luck than the
/// family (bench/SIMULATIONS.md has how often a loss is found).
const FREEDOM_PER_SEED: f64 = 2.0;

/// What the table is computed from.
struct Study {
    assumptions: Assumptions,
    /// The variance over folds, where it decides.
    folds: Option<Source>,
    configurations: usize,
    /// A share of accuracy.
    margin: f64,
    significance: f64,
    /// Where the spreads come from.
    source: String,
    /// Words for groups and images.
    nouns: Nouns,
}

/// Prints the table.
///
/// # Errors
/// When an argument is out of range, or the sweep shows no spreads.
pub(crate) fn power(folders: &Folders, arguments: &PowerArgs) -> anyhow::Result<()> {
    let study = match arguments.sweep {
        Some(sweep) => of_sweep(folders, sweep, arguments)?,
        None => assumed(arguments)?,
    };
    if !(study.margin >= 1e-4 && study.margin < 1.0) {
        bail!("--margin: give points from 0.01 and below 100, such as 1 or 0.5");
    }
    if !(1e-6..0.5).contains(&study.significance) {
        bail!("--significance: give a chance from 0.000001 and below 0.5, such as 0.05");
    }
    if study.assumptions.patients < 5.0 {
        bail!("--patients: give at least 5; the cells of fewer carry no claim");
    }
    if study.configurations < 2 {
        bail!("--configurations: give at least 2, the baseline included");
    }
    let text = table(&study, arguments)?;
    if arguments.json { print(&text) } else { print_fitted(&text) }
}

/// What a planned sweep could show with the spreads that this command assumes, in one line.
///
/// # Errors
/// When the plan's significance is out of range.
pub(super) fn forecast(
    configurations: usize,
    seeds: usize,
    analysis: &AnalysisPlan,
    nouns: &Nouns,
) -> anyhow::Result<String> {
    let groups = &nouns.group.many;
    let assumptions = of_patients(PATIENTS);
    let comparisons = configurations - 1;
    let found =
        |loss: f64| Sensitivity::seeds_for_loss(&assumptions, loss, analysis.significance, comparisons);
    let margin = analysis.margin / 100.0;
    let found_now = if seeds < 2 {
        "1 seed shows nothing of methods".to_owned()
    } else {
        let found = Sensitivity::new(&assumptions, None, seeds, analysis.significance, comparisons)?;
        format!("{seeds} seeds find a loss of {:.2} points", found.smallest_loss * 100.0)
    };
    let needed = match found(margin)? {
        Some(seeds) => format!("{} takes {seeds} seeds", shown(margin)),
        None => format!("{} takes more {groups}, or over 200 seeds", shown(margin)),
    };
    Ok(format!("power: {found_now}, {needed} ({PATIENTS} {groups} and spreads assumed; see `ranklab power`)"))
}

/// The assumed spreads, on so many patients.
fn of_patients(patients: usize) -> Assumptions {
    let patients = patients as f64;
    Assumptions {
        patients,
        patient_spread: PATIENT_SPREAD / 100.0,
        network_spread: NETWORK_SPREAD / 100.0,
        seed_luck: SEED_LUCK / 100.0,
        freedom_per_seed: FREEDOM_PER_SEED,
        least_error: 1.0 / (patients * CELLS),
    }
}

fn assumed(arguments: &PowerArgs) -> anyhow::Result<Study> {
    let configurations = arguments.configurations.unwrap_or(CONFIGURATIONS);
    let set = |name: &str, spread: &mut f64, given: Option<f64>| match given {
        None => Ok(()),
        Some(points) if (0.0..100.0).contains(&points) => {
            *spread = points / 100.0;
            Ok(())
        }
        Some(_) => bail!("--{name}: give points from 0 and below 100"),
    };
    let options = Options::default();
    let mut assumptions = of_patients(arguments.patients.unwrap_or(PATIENTS));
    set("patient-spread", &mut assumptions.patient_spread, arguments.patient_spread)?;
    set("network-spread", &mut assumptions.network_spread, arguments.network_spread)?;
    set("seed-luck", &mut assumptions.seed_luck, arguments.seed_luck)?;
    Ok(Study {
        folds: None,
        margin: arguments.margin.map_or(options.margin, |points| points / 100.0),
        significance: arguments.significance.unwrap_or(options.alpha),
        assumptions,
        configurations,
        source: "Assumed".to_owned(),
        nouns: Nouns::default(),
    })
}

/// The spreads of the sweep's comparison in the middle.
fn of_sweep(folders: &Folders, sweep: i64, arguments: &PowerArgs) -> anyhow::Result<Study> {
    let data = block_on(with_store(&folders.database(), async |store| {
        Ok(load(store, Selection::Sweep(sweep)).await?)
    }))?;
    let Analysis { power, nouns, .. } = analyse(&data)?;
    let found = power.with_context(|| {
        let Words { groups, images, .. } = nouns.words();
        format!(
            "sweep {sweep} shows no spreads: they take two configurations on the same test {images} with at least 2 seeds each, and \
             {images} of at least 5 {groups} that count"
        )
    })?;
    let mut assumptions = found.assumptions;
    if let Some(patients) = arguments.patients {
        assumptions.patients = patients as f64;
    }
    let configurations = arguments.configurations.unwrap_or(found.comparisons + 1);
    Ok(Study {
        assumptions,
        folds: found.folds,
        margin: arguments.margin.map_or(data.options.margin, |points| points / 100.0),
        significance: arguments.significance.unwrap_or(data.options.alpha),
        configurations,
        source: format!("As sweep {sweep} shows"),
        nouns,
    })
}

/// A share in points: `1 point`, `0.5 points`.
fn shown(share: f64) -> String {
    let points = (share * 1e6).round() / 1e4;
    format!("{points} {}", if points == 1.0 { "point" } else { "points" })
}

/// `1 comparison`, `7 comparisons`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn table(study: &Study, arguments: &PowerArgs) -> anyhow::Result<String> {
    let Study { assumptions, folds, configurations, margin, significance: alpha, source, nouns } = study;
    let Words { groups, images, .. } = nouns.words();
    let (comparisons, margin, alpha) = (configurations - 1, *margin, *alpha);
    let written = shown(margin);
    let rows: Vec<(usize, Sensitivity)> = SEEDS
        .iter()
        .map(|seeds| Ok((*seeds, Sensitivity::new(assumptions, folds.as_ref(), *seeds, alpha, comparisons)?)))
        .collect::<anyhow::Result<_>>()?;
    let needed = Sensitivity::seeds_for_loss(assumptions, margin, alpha, comparisons)?;
    let patients = patients_for_margin(margin, alpha / comparisons as f64)?;
    if arguments.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(seeds, found)| {
                json!({
                    "seeds": seeds,
                    "smallest_loss": found.smallest_loss,
                    "smallest_margin": found.smallest_margin,
                })
            })
            .collect();
        let found = json!({
            "assumptions": assumptions,
            "comparisons": comparisons,
            "significance": alpha,
            "margin": margin,
            "rows": rows,
            "seeds_for_margin": needed,
            "patients_for_equivalence": patients,
        });
        return Ok(format!("{}\n", printable_json(&found.to_string())));
    }
    let points = |share: f64| format!("{:.2}", share * 100.0);
    let mut text = format!(
        "{source}: {:.0} {groups} (weighed by their {images}), {} at {alpha}.\n\
         Spread over {groups} {} points, of single networks {}, luck of a seed {}.\n\n\
         seeds  loss found, points  equivalence shown, ± points\n\
         \x20   1  nothing of methods  nothing of methods\n",
        assumptions.patients,
        counted(comparisons, "comparison"),
        points(assumptions.patient_spread),
        points(assumptions.network_spread),
        points(assumptions.seed_luck),
    );
    for (seeds, found) in rows {
        text += &format!(
            "{seeds:>5}  {:>18}  {:>27}\n",
            points(found.smallest_loss),
            points(found.smallest_margin)
        );
    }
    text += &format!("\nShown in about {:.0} % of studies. ", POWER * 100.0);
    text += &match (needed, folds) {
        (_, Some(_)) => "The folds differ more than seeds explain: more seeds change nothing.".to_owned(),
        (Some(seeds), _) => format!("A loss of {written} takes {seeds} seeds."),
        (None, _) => format!("A loss of {written} takes more {groups}, or over 200 seeds."),
    };
    text += &format!(
        "\nEquivalence within ±{written} takes at least {} {groups}: fewer may miss the\nrare one on {} a network fails.\n",
        patients.max(5),
        nouns.group.pronoun()
    );
    Ok(text)
}
