//! Shares of studies with false claims, with any claim, and with a true loss found.

use rayon::prelude::*;

use crate::claims::Claim;
use crate::current::current;
use crate::design::Design;
use crate::error::Result;
use crate::previous::previous;
use crate::study::{Study, Truth};

/// The margins of equivalence and non-inferiority that are tried: 1 and 3 points.
pub const MARGINS: [f64; 2] = [0.01, 0.03];
/// The loss of one candidate that [`power`] looks for: 1.5 points.
pub const LOSS: f64 = 0.015;
/// One study of so many is asked whether anything is claimed, which takes most of the time.
const ANY_CLAIM: usize = 5;

/// How often the analyses of a report err in studies of one design. All are shares of studies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// The studies' design.
    pub design: Design,
    /// Number of studies for each truth.
    pub studies: usize,
    /// Studies of equal configurations in which any difference is claimed.
    pub false_differences: Share,
    /// Where one candidate loses a margin exactly.
    pub margins: [Margins; 2],
    /// Studies of equal configurations in which anything is claimed, with the larger margin; of a fifth of them.
    pub any_claim: Share,
}

/// Where one candidate loses a margin of [`MARGINS`] exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margins {
    /// Studies in which it is claimed to be equivalent.
    pub false_equivalences: Share,
    /// Studies in which it is claimed to be less than the margin worse.
    pub false_noninferiorities: Share,
}

/// A share of studies, of the previous analysis and of the current one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Of [`previous`].
    pub before: f64,
    /// Of [`current`].
    pub after: f64,
}

/// How often the analyses of a report find that one candidate loses 1.5 points ([`LOSS`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power {
    /// The studies' design.
    pub design: Design,
    /// Number of studies.
    pub studies: usize,
    /// Studies in which it is found worse, after correction.
    pub found: Share,
}

impl Figures {
    /// Simulates so many studies for each truth.
    ///
    /// # Errors
    /// When no study can have the design.
    pub fn new(design: Design, studies: usize, seed: u64) -> Result<Self> {
        let equal = Truth::equal(design.configurations);
        let [false_differences] = shares(&design, &equal, MARGINS[0], studies, seed, 0, |claims| {
            [claims.iter().any(|claim| claim.is_false_difference(&equal))]
        })?;
        let fewer = studies.div_ceil(ANY_CLAIM);
        let [any_claim] =
            shares(&design, &equal, MARGINS[1], fewer, seed, 0, |claims| [claims.iter().any(Claim::is_any)])?;
        let at_margin = |margin: f64, scenario: u64| -> Result<Margins> {
            let truth = Truth::one_loses(design.configurations, margin);
            let [false_equivalences, false_noninferiorities] =
                shares(&design, &truth, margin, studies, seed, scenario, |claims| {
                    [
                        claims.iter().any(|claim| claim.is_false_equivalence(&truth, margin)),
                        claims.iter().any(|claim| claim.is_false_noninferiority(&truth, margin)),
                    ]
                })?;
            Ok(Margins { false_equivalences, false_noninferiorities })
        };
        let margins = [at_margin(MARGINS[0], 1)?, at_margin(MARGINS[1], 2)?];
        Ok(Self { design, studies, false_differences, margins, any_claim })
    }

    /// The largest share of false claims of the current analysis.
    pub fn worst(&self) -> f64 {
        self.margins
            .iter()
            .flat_map(|margin| [margin.false_equivalences.after, margin.false_noninferiorities.after])
            .fold(self.false_differences.after, f64::max)
    }
}

/// How often a loss of 1.5 points of one candidate is found in so many studies.
///
/// # Errors
/// When no study can have the design.
pub fn power(design: Design, studies: usize, seed: u64) -> Result<Power> {
    let truth = Truth::one_loses(design.configurations, LOSS);
    let [found] = shares(&design, &truth, MARGINS[0], studies, seed, 3, |claims| {
        [claims.iter().any(|claim| claim.finds_loss(&truth))]
    })?;
    Ok(Power { design, studies, found })
}

/// In what share of studies each of these holds of the claims of the previous and of the current analysis.
fn shares<const N: usize>(
    design: &Design,
    truth: &Truth,
    margin: f64,
    studies: usize,
    seed: u64,
    scenario: u64,
    holds: impl Fn(&[Claim]) -> [bool; N] + Sync,
) -> Result<[Share; N]> {
    let of_study = |number: u64| -> Result<[[usize; N]; 2]> {
        let study = Study::new(design, truth, seed, (scenario << 32) + number)?;
        let watched: Vec<usize> = match truth.loser() {
            Some(loser) => vec![loser],
            None => (1..design.configurations).collect(),
        };
        let found = [holds(&previous(&study, margin)?), holds(&current(&study, margin, &watched)?)];
        Ok(found.map(|found| found.map(usize::from)))
    };
    let add = |one: [[usize; N]; 2], other: [[usize; N]; 2]| -> [[usize; N]; 2] {
        std::array::from_fn(|analysis| {
            std::array::from_fn(|place| one[analysis][place] + other[analysis][place])
        })
    };
    let counts: [[usize; N]; 2] = (0..studies as u64)
        .into_par_iter()
        .map(of_study)
        .try_reduce(|| [[0; N]; 2], |one, other| Ok(add(one, other)))?;
    let share = |count: usize| count as f64 / studies as f64;
    Ok(std::array::from_fn(|place| Share { before: share(counts[0][place]), after: share(counts[1][place]) }))
}
